/// @file
/// By hand: one ring, its completions taken as they come.
#include <liburing.h>

#include <cstdint>
#include <vector>

#include "io/reads.hpp"
#include "io/uring_ring.hpp"

namespace io {
namespace {

[[maybe_unused]] const bool nops = add_nops("io_uring", [](std::uint64_t count) {
  Ring ring;
  for (std::uint64_t i = 0; i < count; ++i) {
    io_uring_prep_nop(ring.request());
    ring.turn([](void*, int) {});
  }
});

[[maybe_unused]] const bool reads = add_reads("io_uring", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  struct Read {
    std::uint64_t block;
    std::vector<std::uint64_t> buffer = std::vector<std::uint64_t>(kBlock / sizeof(std::uint64_t));
  };
  Ring ring;
  std::vector<Read> all(depth);
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  std::uint64_t right = 0;
  const auto begin = [&](Read& read) {
    read.block = block_of(begun++, file.blocks());
    io_uring_sqe* const request = ring.request();
    io_uring_prep_read(request, file.file(), read.buffer.data(), kBlock, read.block * kBlock);
    io_uring_sqe_set_data(request, &read);
  };
  for (Read& read : all) begin(read);
  while (ended < count) {
    ring.turn([&](void* data, int result) {
      Read& read = *static_cast<Read*>(data);
      right += result == static_cast<int>(kBlock) && read.buffer[0] == read.block ? 1 : 0;
      ++ended;
      if (begun < count) begin(read);
    });
  }
  return right;
});

}  // namespace
}  // namespace io
