#include "io/reads.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <weft/io/aligned_buffer.hpp>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace io {

namespace {

/// Negative: this file system has no direct I/O.
int unnamed_file(NumberedFile::By way) {
  std::array<char, 32> name{"/tmp/weft-perf-XXXXXX"};
  const int file = ::mkostemp(name.data(), O_CLOEXEC | (way == NumberedFile::By::Disk ? O_DIRECT : 0));
  perf::verify(file >= 0 || (way == NumberedFile::By::Disk && errno == EINVAL), "a file");
  if (file >= 0) ::unlink(name.data());
  // From Linux 6.6 on one in memory takes the flag, and has no disk.
  struct statfs system {};
  if (way == NumberedFile::By::Disk && file >= 0 && ::fstatfs(file, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC)) {
    ::close(file);
    return -1;
  }
  return file;
}

bool has_direct_io() {
  static const bool has = [] {
    const int file = unnamed_file(NumberedFile::By::Disk);
    if (file >= 0) ::close(file);
    return file >= 0;
  }();
  return has;
}

void read(benchmark::State& state, const Reads& reads, NumberedFile::By way, unsigned depth) {
  const NumberedFile file(way);
  const auto count = perf::size<std::uint64_t>(way == NumberedFile::By::Memory ? 200'000 : 20'000, 1'000);
  static_cast<void>(reads(file, count / 10, depth));
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
    perf::verify(reads(file, count, depth) == count, "each block is the one that was asked for");
  }
}

}  // namespace

NumberedFile::NumberedFile(By way) : file_(unnamed_file(way)), blocks_(perf::size(16'384, 64)) {
  weft::io::AlignedBuffer block(kBlock);
  std::fill(block.bytes().begin(), block.bytes().end(), std::byte{0});
  for (std::uint64_t i = 0; i < blocks_; ++i) {
    std::memcpy(block.data(), &i, sizeof i);
    perf::verify(::pwrite(file_, block.data(), kBlock, static_cast<off_t>(i * kBlock)) == static_cast<ssize_t>(kBlock), "a block is written");
  }
}

NumberedFile::~NumberedFile() { ::close(file_); }

bool add_nops(const std::string& contender, Nops nops) {
  perf::add_case("nop", contender, 1, [nops = std::move(nops)](benchmark::State& state) {
    const auto count = perf::size<std::uint64_t>(200'000, 1'000);
    nops(count / 10);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) nops(count);
  })->Unit(benchmark::kNanosecond);
  return true;
}

bool add_reads(const std::string& contender, Reads reads) {
  for (const unsigned depth : {32U, 128U}) {
    perf::add_case("read-" + std::to_string(depth), contender, 1, [reads, depth](benchmark::State& state) {
      read(state, reads, NumberedFile::By::Memory, depth);
    })->Unit(benchmark::kNanosecond);
  }
  if (!has_direct_io()) return true;
  perf::add_case("direct-32", contender, 1, [reads](benchmark::State& state) {
    read(state, reads, NumberedFile::By::Disk, 32);
  })->Unit(benchmark::kNanosecond);
  return true;
}

}  // namespace io
