/// @file
/// Puts a case into the list under the name that the tables understand.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "support/hop.hpp"

namespace perf {

/// Adds `<problem>/<contender>/threads:<n>`. `run(state)` is the whole case; it says itself how long each turn took.
///
/// The threads are the contender's own; Google Benchmark runs the case on one.
template <class Run>
benchmark::internal::Benchmark* add_timed_case(const std::string& problem, const std::string& contender,
                                               unsigned threads, Run run) {
  const std::string name = problem + '/' + contender + "/threads:" + std::to_string(threads);
  return benchmark::RegisterBenchmark(name.c_str(), std::move(run))->UseManualTime()->Unit(benchmark::kMicrosecond);
}

/// The same, each turn of the state's loop being timed by the wall clock, and by the processor time of all threads. Cases of several
/// threads record how far apart the processors were.
template <class Run>
benchmark::internal::Benchmark* add_case(const std::string& problem, const std::string& contender,
                                         unsigned threads, Run run) {
  const std::string name = problem + '/' + contender + "/threads:" + std::to_string(threads);
  const auto run_and_record = [threads, run = std::move(run)](benchmark::State& state) {
    run(state);
    if (threads > 1) record_hop(state);
  };
  return benchmark::RegisterBenchmark(name.c_str(), run_and_record)
      ->UseRealTime()
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace perf
