/// @file
/// By hand: one ring, its completions taken as they come.
#include <liburing.h>

#include <cstdint>
#include <vector>

#include <weft/io/aligned_buffer.hpp>

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

enum class Buffers : bool { Ordinary, Registered };

std::uint64_t read_blocks(const NumberedFile& file, std::uint64_t count, unsigned depth, Buffers kind) {
  struct Read {
    std::uint64_t block;
    std::uint64_t* buffer;
  };
  Ring ring;
  weft::io::AlignedBuffer memory(depth * kBlock);
  if (kind == Buffers::Registered) ring.register_memory(memory.data(), memory.size());
  std::vector<Read> all(depth);
  for (unsigned i = 0; i < depth; ++i) all[i].buffer = reinterpret_cast<std::uint64_t*>(memory.data() + i * kBlock);
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  std::uint64_t right = 0;
  const auto begin = [&](Read& read) {
    read.block = block_of(begun++, file.blocks());
    io_uring_sqe* const request = ring.request();
    if (kind == Buffers::Registered) {
      io_uring_prep_read_fixed(request, file.file(), read.buffer, kBlock, read.block * kBlock, 0);
    } else {
      io_uring_prep_read(request, file.file(), read.buffer, kBlock, read.block * kBlock);
    }
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
}

[[maybe_unused]] const bool reads = add_reads(
    "io_uring", [](const NumberedFile& file, std::uint64_t count, unsigned depth) { return read_blocks(file, count, depth, Buffers::Ordinary); });
[[maybe_unused]] const bool registered = add_reads("io_uring-registered", [](const NumberedFile& file, std::uint64_t count, unsigned depth) {
  return read_blocks(file, count, depth, Buffers::Registered);
});

}  // namespace
}  // namespace io
