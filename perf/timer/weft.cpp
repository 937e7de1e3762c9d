/// @file
/// weft: tasks that sleep, on a runtime of one worker and inside sync_wait; and timeouts.
#include <weft/weft.hpp>

#include "timer/cases.hpp"

namespace timer {
namespace {

using weft::Counter;
using weft::Task;
using namespace std::chrono_literals;

Task<> sleeper(Clock::time_point until, Ends& ends, std::size_t& to_start) {
  --to_start;
  co_await weft::sleep_until(until);
  ends.count(until);
}

template <class Asleep>
Task<> all_sleepers(const std::vector<Clock::time_point>& times, Ends& ends, Asleep asleep) {
  std::size_t to_start = times.size();
  Counter all;
  for (const Clock::time_point time : times) weft::spawn(sleeper(time, ends, to_start), all);
  while (to_start != 0) co_await weft::yield();
  asleep();
  co_await all;
}

[[maybe_unused]] const bool sleepers = add_sleepers("weft", [](const auto& times, Ends& ends, auto asleep) {
  weft::Runtime rt{{.workers = 1}};
  rt.run(all_sleepers(times, ends, asleep));
});

[[maybe_unused]] const bool sleepers_here = add_sleepers("weft-sync", [](const auto& times, Ends& ends, auto asleep) {
  weft::sync_wait(all_sleepers(times, ends, asleep));
});

Task<std::size_t> one() { co_return 1; }

Task<std::size_t> timeouts(std::size_t count) {
  std::size_t sum = 0;
  for (; count != 0; --count) sum += co_await weft::timeout(one(), 1h);
  co_return sum;
}

[[maybe_unused]] const bool cancelled = add_cancelled("weft", [](std::size_t count) {
  weft::Runtime rt{{.workers = 1}};
  return rt.run(timeouts(count));
});

}  // namespace
}  // namespace timer
