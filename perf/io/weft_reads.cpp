/// @file
/// weft: a task for each read that is under way, on a runtime of one worker and inside sync_wait.
#include <cstdint>
#include <utility>
#include <vector>

#include <weft/io/call.hpp>
#include <weft/weft.hpp>

#include "io/reads.hpp"

namespace io {
namespace {

using weft::Counter;
using weft::Task;
using weft::detail::IoCall;
using weft::detail::IoCode;
using weft::detail::IoRequest;

Task<> nop(std::uint64_t count) {
  for (; count != 0; --count) co_await IoCall<void>(IoRequest{.code = IoCode::Nop}, {"nop"});
}

struct Shared {
  const NumberedFile& file;
  const std::uint64_t count;
  std::uint64_t begun = 0;
  std::uint64_t right = 0;
};

Task<> read_blocks(Shared& shared) {
  std::vector<std::uint64_t> buffer(kBlock / sizeof(std::uint64_t));
  while (shared.begun < shared.count) {
    const std::uint64_t block = block_of(shared.begun++, shared.file.blocks());
    const std::size_t size = co_await IoCall<std::size_t>(
        IoRequest{.code = IoCode::Read, .fd = shared.file.file(), .length = kBlock, .address = buffer.data(), .offset = block * kBlock}, {"read"});
    shared.right += size == kBlock && buffer[0] == block ? 1 : 0;
  }
}

Task<std::uint64_t> read_all(const NumberedFile& file, std::uint64_t count, unsigned depth) {
  Shared shared{file, count};
  Counter all;
  for (unsigned i = 0; i < depth; ++i) weft::spawn(read_blocks(shared), all);
  co_await all;
  co_return shared.right;
}

[[maybe_unused]] const bool nops = add_nops("weft", [](std::uint64_t count) {
  weft::Runtime rt{{.workers = 1}};
  rt.run(nop(count));
});
[[maybe_unused]] const bool nops_here = add_nops("weft-sync", [](std::uint64_t count) { weft::sync_wait(nop(count)); });

[[maybe_unused]] const bool reads = add_reads("weft", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  weft::Runtime rt{{.workers = 1}};
  return rt.run(read_all(file, count, depth));
});
[[maybe_unused]] const bool reads_here = add_reads("weft-sync", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  return weft::sync_wait(read_all(file, count, depth));
});

}  // namespace
}  // namespace io
