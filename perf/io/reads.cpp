#include "io/reads.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace io {

namespace {

int unnamed_file() {
  std::array<char, 32> name{"/tmp/weft-perf-XXXXXX"};
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  perf::verify(file >= 0, "a file");
  ::unlink(name.data());
  return file;
}

}  // namespace

NumberedFile::NumberedFile() : file_(unnamed_file()), blocks_(perf::size(16'384, 64)) {
  std::vector<std::uint64_t> block(kBlock / sizeof(std::uint64_t));
  for (std::uint64_t i = 0; i < blocks_; ++i) {
    block[0] = i;
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
      const NumberedFile file;
      const auto count = perf::size<std::uint64_t>(200'000, 1'000);
      static_cast<void>(reads(file, count / 10, depth));
      while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
        perf::verify(reads(file, count, depth) == count, "each block is the one that was asked for");
      }
    })->Unit(benchmark::kNanosecond);
  }
  return true;
}

}  // namespace io
