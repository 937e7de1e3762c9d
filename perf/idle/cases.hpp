/// @file
/// What a runtime with nothing to do takes: processor time in two seconds after it has been busy.
#pragma once

#include <ctime>

#include <chrono>
#include <initializer_list>
#include <string>
#include <thread>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace idle {

/// Seconds of processor time of all threads so far.
inline double processor_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Adds a case whose time is the processor time. A contender that is not `allowed` that share of one CPU fails.
///
/// `Contender(threads)` is made, and work(threads) keeps all its threads busy for a moment.
template <class Contender>
bool add_contender(const std::string& name, double allowed) {
  for (const unsigned threads : {2U, 16U}) {
    perf::add_timed_case("idle", name, threads, [threads, allowed](benchmark::State& state) {
      const std::chrono::duration<double> window(perf::size(2.0, 0.2));
      Contender contender(threads);
      for (auto _ : state) {
        contender.work(threads);
        const double before = processor_time();
        std::this_thread::sleep_for(window);
        const double used = processor_time() - before;
        state.SetIterationTime(used);
        state.counters["percent_of_a_cpu"] = 100 * used / window.count();
        perf::verify(perf::smoke() || used < allowed * window.count(), "an idle runtime takes processor time");
      }
    })->Iterations(1);
  }
  return true;
}

inline constexpr double kAnything = 1e9;

}  // namespace idle
