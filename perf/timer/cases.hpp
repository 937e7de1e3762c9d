/// @file
/// Waiting for a time, on one thread. A time is that of one sleeper.
///
/// sleepers   a million that are woken at random times within 20 ms, which is less than it takes to wake them, so that nobody waits: from
///            the first of these times to the end of the last sleeper. `start_ns` is what each took before, to be made and to fall asleep
/// cancelled  a time an hour ahead that is taken back at once: work with a timeout that ends before, or the nearest to it that the contender has
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace timer {

using Clock = std::chrono::steady_clock;

/// What a sleeper counts as it ends. A sleeper is early, and the answer wrong, if its time has not come.
class Ends {
 public:
  explicit Ends(std::size_t count) noexcept : left_(count) {}
  void count(Clock::time_point due) noexcept {
    // To look at the clock each time would be half of what is measured.
    if (--left_ % 64 == 0 && Clock::now() < due) is_early_ = true;
  }
  [[nodiscard]] bool are_right() const noexcept { return left_ == 0 && !is_early_; }

 private:
  std::size_t left_;
  bool is_early_ = false;
};

/// `run(times, ends, asleep)` lets a sleeper for each of the times fall asleep, calls asleep() when all are, and comes back when each has called
/// ends.count(its time).
template <class Run>
bool add_sleepers(const std::string& contender, Run run) {
  perf::add("sleepers", contender, 1, [run](benchmark::State& state) {
    const std::size_t count = perf::size<std::size_t>(1'000'000, 1'000);
    const auto lead = perf::size<std::chrono::milliseconds>(std::chrono::seconds(4), std::chrono::milliseconds(100));
    std::mt19937_64 random(1);
    std::vector<Clock::time_point> times(count);
    Clock::duration starting{};
    std::size_t started = 0;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
      const auto first = Clock::now() + lead;
      for (Clock::time_point& time : times) time = first + std::chrono::nanoseconds(random() % 20'000'000);
      Ends ends(count);
      const auto before = Clock::now();
      run(std::as_const(times), ends, [&] {
        const auto now = Clock::now();
        perf::verify(now < first, "all sleep before the first time comes");
        starting += now - before;
      });
      const auto now = Clock::now();
      perf::verify(ends.are_right(), "each sleeper wakes once, and not early");
      state.SetIterationTime(std::chrono::duration<double>(now - first).count());
      started += count;
    }
    state.counters["start_ns"] = static_cast<double>(std::chrono::nanoseconds(starting).count()) / static_cast<double>(started);
  })->UseManualTime()->Unit(benchmark::kNanosecond);
  return true;
}

/// `run(count)` does so many, and gives how many have ended.
template <class Run>
bool add_cancelled(const std::string& contender, Run run) {
  perf::add_case("cancelled", contender, 1, [run](benchmark::State& state) {
    const std::size_t count = perf::size<std::size_t>(1'000'000, 1'000);
    static_cast<void>(run(count));
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) perf::verify(run(count) == count, "number of those that have ended");
  })->Unit(benchmark::kNanosecond);
  return true;
}

}  // namespace timer
