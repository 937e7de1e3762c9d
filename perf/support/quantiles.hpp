/// @file
/// How a time is spread over many turns.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

namespace perf {

/// Collects the time of each turn of a case that add_timed_case() has added.
class Quantiles {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Quantiles(benchmark::State& state) : state_(state) {}

  /// Records one turn.
  void add(Clock::duration time);
  /// Records a time within a turn whose own time is another.
  void note(Clock::duration time);
  /// Adds the counters `p50_us`, `p99_us` and `max_us` to the record.
  void record();

 private:
  benchmark::State& state_;
  std::vector<double> us_;
};

}  // namespace perf
