/// @file
/// How long it takes until somebody who is idle does something.
///
/// cold_run    one empty job from outside into an idle runtime, until the caller knows that it is done; 2 ms between two
/// cold_spawn  the same by the calls that always wake a worker
/// wake        a worker makes a job runnable and is busy itself: until another worker, asleep before, has begun it
/// steal_from_busy_owner  the same for the children of a fork, which the owner would have run itself
#pragma once

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <string>
#include <thread>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/quantiles.hpp"

namespace latency {

using Clock = perf::Quantiles::Clock;

inline constexpr std::chrono::milliseconds kPause{2};

inline int turns() { return perf::size(500, 10); }

/// A moment that one thread sets and another waits for.
class Moment {
 public:
  void clear() {
    // relaxed: whoever sets it is told to later, with more than this.
    ns_.store(0, std::memory_order_relaxed);
  }
  void set() {
    // relaxed: the value is all that is handed over.
    ns_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  }
  /// Keeps the processor busy until it is set, as a long job would; gives up after a second.
  [[nodiscard]] Clock::time_point wait_busily() const {
    const auto give_up = Clock::now() + std::chrono::seconds(1);
    for (;;) {
      // relaxed: see set().
      if (const auto ns = ns_.load(std::memory_order_relaxed)) return Clock::time_point(Clock::duration(ns));
      if (Clock::now() > give_up) perf::verify(false, "nobody took the job within a second");
    }
  }

 private:
  std::atomic<Clock::rep> ns_{0};
};

/// `round_trip()` has a job done and returns what the job says, which is 1.
template <class RoundTrip>
void measure_cold(benchmark::State& state, RoundTrip round_trip) {
  perf::Quantiles times(state);
  int done = round_trip();
  for (auto _ : state) {
    std::this_thread::sleep_for(kPause);
    const auto begin = Clock::now();
    done += round_trip();
    times.add(Clock::now() - begin);
  }
  perf::verify(done == state.iterations() + 1, "a job has not run");
  times.record();
}

/// `hand_over(moment)` makes a job runnable that sets `moment`, and returns when it made it and when the job ran.
template <class HandOver>
void measure_hand_over(benchmark::State& state, HandOver hand_over) {
  perf::Quantiles times(state);
  Moment moment;
  hand_over(moment);  // the threads start
  for (auto _ : state) {
    moment.clear();
    const auto [made, begun] = hand_over(moment);
    times.add(begun - made);
  }
  times.record();
}

struct HandOver {
  Clock::time_point made;
  Clock::time_point begun;
};

/// Adds a case; `run(state, threads)` is the body.
template <class Run>
bool add(const std::string& problem, const std::string& contender, std::initializer_list<unsigned> threads, Run run) {
  for (const unsigned count : threads) {
    perf::add_timed_case(problem, contender, count, [run, count](benchmark::State& state) { run(state, count); })
        ->Iterations(turns());
  }
  return true;
}

}  // namespace latency
