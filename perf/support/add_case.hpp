/// @file
/// Puts a case into the list under the name that the tables understand.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "support/hop.hpp"

namespace perf {

/// Adds `<problem>/<contender>/threads:<n>`. `run(state)` is the whole case. Those with several threads record how far apart the processors
/// were.
///
/// The threads are the contender's own; Google Benchmark runs the case on one.
template <class Run>
benchmark::internal::Benchmark* add(const std::string& problem, const std::string& contender, unsigned threads, Run run) {
  const std::string name = problem + '/' + contender + "/threads:" + std::to_string(threads);
  if (threads == 1) return benchmark::RegisterBenchmark(name.c_str(), std::move(run));
  return benchmark::RegisterBenchmark(name.c_str(), [run = std::move(run)](benchmark::State& state) {
    const Hop hop(state);
    run(state);
  });
}

/// The same for a case that says itself how long each turn took.
template <class Run>
benchmark::internal::Benchmark* add_timed_case(const std::string& problem, const std::string& contender,
                                               unsigned threads, Run run) {
  return add(problem, contender, threads, std::move(run))->UseManualTime()->Unit(benchmark::kMicrosecond);
}

/// The same, each turn of the state's loop being timed by the wall clock, and by the processor time of all threads.
template <class Run>
benchmark::internal::Benchmark* add_case(const std::string& problem, const std::string& contender,
                                         unsigned threads, Run run) {
  return add(problem, contender, threads, std::move(run))->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
}

}  // namespace perf
