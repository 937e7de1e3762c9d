/// @file
/// What there is without a library: a binary heap of times, and a loop. Its sleepers are numbers, and cannot be cancelled; `clock` is a look at the
/// clock.
#include <functional>
#include <queue>

#include "timer/cases.hpp"

namespace timer {
namespace {

[[maybe_unused]] const bool sleepers = add_sleepers("std-heap", [](const auto& times, Ends& ends, auto asleep) {
  using Entry = std::pair<Clock::time_point, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
  for (std::size_t i = 0; i < times.size(); ++i) heap.emplace(times[i], i);
  asleep();
  while (!heap.empty()) {
    std::this_thread::sleep_until(heap.top().first);
    for (const auto now = Clock::now(); !heap.empty() && heap.top().first <= now; heap.pop()) ends.count(times[heap.top().second]);
  }
});

// What whoever gives a span has to do in any case.
[[maybe_unused]] const bool clock = add_cancelled("clock", [](std::size_t count) {
  std::size_t done = 0;
  for (; done != count; ++done) benchmark::DoNotOptimize(Clock::now());
  return done;
});

}  // namespace
}  // namespace timer
