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
/// was made (and not at once, as in tokio). Ticks do not drift: what is done between two of them does not add to the period.
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
  [[nodiscard]] std::chrono::steady_clock::time_point next() const noexcept { return next_; }
  /// The next comes one period from now.
  void restart() noexcept { next_ = detail::after(std::chrono::steady_clock::now(), period_); }

 private:
  WEFT_API void advance() noexcept;

  const std::chrono::nanoseconds period_;
  const MissedTick missed_;
  std::chrono::steady_clock::time_point next_;
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
    const auto due = interval_.next_;
    interval_.advance();
    return due;
  }

 private:
  Interval& interval_;
  detail::Sleep sleep_;
};

inline Interval::Tick Interval::tick() noexcept { return Tick(*this); }

/// Errors: UsageError unless the period is positive.
inline Interval interval(std::chrono::nanoseconds period, MissedTick missed = MissedTick::Skip) { return Interval(period, missed); }

}  // namespace weft::inline v0
