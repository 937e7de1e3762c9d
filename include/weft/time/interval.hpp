/// @file
/// interval: something that is done again and again.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>

#include <weft/base/platform.hpp>
#include <weft/time/sleep.hpp>

namespace weft::inline v0 {

/// What an Interval does when a tick has come while nobody waited for it.
enum class MissedTick : std::uint8_t {
  Skip,   ///< the ticks that were missed are left out, and the others stay where they were
  Burst,  ///< each is made up for, at once, until the count is right again
  Delay,  ///< the next comes one period after the last was taken, however late that was: ticks are never closer, and drift
};

/// Comes again after each period: `auto beat = interval(10ms); for (;;) { co_await beat.tick(); ... }`. The first tick is one period after it
/// was made (and not at once, as in tokio), or, if it was made on a thread that is no worker, after it was first awaited. Ticks do not drift: what is
/// done between two of them does not add to the period.
///
/// Threads: one at a time.
/// Cost:    a sleep each.
/// Example: samples/13_time.cpp
class Interval {
 public:
  class Tick;

  /// Errors: UsageError unless the period is positive.
  WEFT_API explicit Interval(std::chrono::nanoseconds period, MissedTick missed = MissedTick::Skip);

  /// Sleeps until the next tick; returns at once if it has come. `co_await` gives the time at which it was due.
  ///
  /// Errors: as sleep_until; the tick that was interrupted is the next again.
  [[nodiscard]] Tick tick() noexcept;

  [[nodiscard]] std::chrono::nanoseconds period() const noexcept { return period_; }
  /// When it comes next.
  [[nodiscard]] std::chrono::steady_clock::time_point next() const noexcept {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next_ >= 0 ? next_ : detail::begun(next_, detail::time_here())));
  }
  /// The next comes one period from now; called on a thread that is no worker, from when it is awaited.
  void restart() noexcept { next_ = detail::due_in(period_.count()); }

 private:
  WEFT_API void advance(std::chrono::steady_clock::time_point due) noexcept;

  const std::chrono::nanoseconds period_;
  const MissedTick missed_;
  TimeNs next_;  // as due_in() gives it
};

class [[nodiscard("co_await it")]] Interval::Tick {
 public:
  explicit Tick(Interval& interval) noexcept : interval_(interval), sleep_(interval.next_) {}
  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return sleep_.await_suspend(self);
  }
  std::chrono::steady_clock::time_point await_resume() {
    sleep_.await_resume();
    const auto due = sleep_.until();
    interval_.advance(due);
    return due;
  }

 private:
  Interval& interval_;
  detail::Sleep sleep_;
};

inline Interval::Tick Interval::tick() noexcept {
  if (next_ < 0) restart();
  return Tick(*this);
}

/// Errors: UsageError unless the period is positive.
inline Interval interval(std::chrono::nanoseconds period, MissedTick missed = MissedTick::Skip) { return Interval(period, missed); }

}  // namespace weft::inline v0
