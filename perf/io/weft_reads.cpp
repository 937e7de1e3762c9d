/// @file
/// weft: a task for each read that is under way, on a runtime of one worker and inside sync_wait.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

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
  Shared(const NumberedFile& numbered, std::uint64_t how_many) : file(numbered), opened(::dup(numbered.file()), "the file"), count(how_many) {}
  const NumberedFile& file;
  const weft::io::File opened;
  const std::uint64_t count;
  std::uint64_t begun = 0;
  std::uint64_t right = 0;
};

/// @tparam Bytes  RegisteredBytes or a span
template <class Bytes>
Task<> read_blocks(Shared& shared, Bytes buffer) {
  while (shared.begun < shared.count) {
    const std::uint64_t block = block_of(shared.begun++, shared.file.blocks());
    const std::size_t size = co_await shared.opened.read_at(buffer, block * kBlock);
    std::uint64_t number = 0;
    std::memcpy(&number, buffer.data(), sizeof number);
    shared.right += size == kBlock && number == block ? 1 : 0;
  }
}

Task<std::uint64_t> read_all(const NumberedFile& file, std::uint64_t count, unsigned depth) {
  Shared shared{file, count};
  weft::io::AlignedBuffer memory(depth * kBlock);
  Counter all;
  for (unsigned i = 0; i < depth; ++i) weft::spawn(read_blocks(shared, memory.bytes().subspan(i * kBlock, kBlock)), all);
  co_await all;
  co_return shared.right;
}

Task<std::uint64_t> read_all_registered(const NumberedFile& file, std::uint64_t count, unsigned depth) {
  Shared shared{file, count};
  weft::io::RegisteredBuffer memory(depth * kBlock);
  Counter all;
  for (unsigned i = 0; i < depth; ++i) weft::spawn(read_blocks(shared, memory.part(i * kBlock, kBlock)), all);
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
[[maybe_unused]] const bool registered = add_reads("weft-registered", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  weft::Runtime rt{{.workers = 1}};
  return rt.run(read_all_registered(file, count, depth));
});
[[maybe_unused]] const bool reads_here = add_reads("weft-sync", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  return weft::sync_wait(read_all(file, count, depth));
});

}  // namespace
}  // namespace io
