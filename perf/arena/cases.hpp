/// @file
/// Memory on nodes. A time is that of one block, taken and given back.
///
/// frame_64     64 bytes, 16 at a time: what a chain of calls takes and gives back
/// frames_64    64 bytes, 1000 at a time
/// remote_64    the same, given back into the cache of a worker of another node
/// passed_64    the same by two threads; of which only the giving back counts
/// block_64     64 bytes that somebody takes who is no worker, 1000 at a time
/// block_8k     8 KiB, 16 at a time, of which the first line is written
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace arena {

/// Adds a case. `run(state)` is the whole of it.
template <class Run>
bool add_operation(const std::string& problem, const std::string& contender, Run run) {
  perf::add_case(problem, contender, 1, std::move(run))->Unit(benchmark::kNanosecond);
  return true;
}

/// Takes `kCount` blocks with `take()`, writes into each, and gives them back, the last one first, with `give(block)`.
template <std::size_t kCount, class Take, class Give>
void measure(benchmark::State& state, const Take& take, const Give& give) {
  const std::size_t rounds = perf::size<std::size_t>(200'000 / kCount, 2);
  std::array<std::uint64_t*, kCount> blocks{};
  std::uint64_t number = 0;
  bool is_intact = true;
  const auto all = [&] {
    for (std::size_t round = 0; round < rounds; ++round) {
      const std::uint64_t first = number;
      for (std::uint64_t*& block : blocks) {
        block = static_cast<std::uint64_t*>(take());
        *block = number++;
      }
      for (std::size_t i = kCount; i-- != 0;) {
        is_intact = is_intact && *blocks[i] == first + i;
        give(blocks[i]);
      }
    }
  };
  all();  // the pages are there then
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(rounds * kCount))) all();
  perf::verify(is_intact, "what was written into the blocks");
}

}  // namespace arena
