/// @file
/// A steady clock that stands still, for what happens after seconds.
#pragma once

#include <chrono>
#include <functional>

namespace weft_test {

/// While it lives, std::chrono::steady_clock shows the time at which it was made, and what has been added since. In programs that have
/// manual_clock_sources.
///
/// What waits in the kernel goes on by the kernel's clock, so nothing may wait until a point in time: spans of time are right.
///
/// Threads: one at a time makes and destroys it; advance() and the clock by any.
class ManualClock {
 public:
  ManualClock();
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;
  ~ManualClock();

  void advance(std::chrono::nanoseconds span);
};

/// Has this thread call it when it looks at the steady clock next, once. In programs that have manual_clock_sources.
///
/// Lifetime: `call` lives until then.
void at_next_look_at_clock(const std::function<void()>& call);

}  // namespace weft_test
