/// @file
/// ManualClock: time that passes when a test says so.
#pragma once

#include <chrono>
#include <optional>

#include <weft/base/platform.hpp>
#include <weft/queue/manual_time.hpp>
#include <weft/queue/timer.hpp>
#include <weft/time/span.hpp>

namespace weft::inline v0 {

class ManualClock;

namespace detail {
[[nodiscard]] inline ManualTime& time_of(ManualClock& clock) noexcept;
}

/// A clock that stands still until it is moved, for tests of programs that sleep: `Runtime rt{{.is_stepped = true, .clock = &clock}}`. What runs on that
/// runtime sleeps, ticks and times out by this clock, exact to the nanosecond, and in the order of the times.
///
/// `rt.run(scenario())` runs hours of a scenario at once: when there is nothing to do but to wait for a time, it moves the clock there. So do
/// Runtime::shutdown and the destructor. Runtime::step() does not, and is for whoever wants to look between two times: `while (rt.step()) {}`, then
/// advance() or advance_to_next(). It may serve several runtimes.
///
/// What the kernel and other threads do takes no time by it. Before a blocking call moves it while operations of the kernel are under way, it gives
/// them 20 ms by the steady clock to end, each time; it does not wait for other threads. lib/time/README.md has the whole.
///
/// Threads:  any, except destruction; from tasks, too. Moving it makes Runtime::fd() of its runtimes readable if they have something due.
/// Lifetime: outlives the runtimes; that is checked.
/// Source:   the paused clock of tokio.
/// Example:  samples/13_time.cpp
class ManualClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Errors: UsageError for a start before the epoch of the steady clock.
  explicit ManualClock(TimePoint start = std::chrono::steady_clock::now()) : time_(start.time_since_epoch().count()) {}

  [[nodiscard]] TimePoint now() const noexcept { return at(time_.now()); }

  /// Moves it on, at once: who sleeps until a time on the way wakes late, and an Interval has missed ticks. Nothing runs but by steps. A span that is
  /// too long for the clock means nearly for ever.
  ///
  /// Errors: UsageError for a negative span, and for a time that is over; what is now is none.
  template <class Rep, class Period>
  void advance(std::chrono::duration<Rep, Period> span) {
    time_.advance(span < span.zero() ? TimeNs{-1} : detail::in_ns(span));
  }
  template <class Duration>
  void advance_to(std::chrono::time_point<std::chrono::steady_clock, Duration> time) {
    time_.advance_to(detail::rounded_up(time).time_since_epoch().count());
  }

  /// When a runtime that goes by it has something to do next; it may be over, until that runtime is stepped. Nothing: nobody waits for a time.
  [[nodiscard]] std::optional<TimePoint> next_timer() noexcept {
    const TimeNs next = time_.next_timer();
    return next != kNeverNs ? std::optional(at(next)) : std::nullopt;
  }

  /// Moves it to next_timer(), unless that is over. False: there is none. So a test runs to its end with all its runtimes stepped in between:
  /// `do { while (rt.step()) {} } while (clock.advance_to_next());`
  bool advance_to_next() noexcept { return time_.advance_to_next(); }

 private:
  friend detail::ManualTime& detail::time_of(ManualClock& clock) noexcept;
  [[nodiscard]] static TimePoint at(TimeNs time) noexcept { return TimePoint(std::chrono::nanoseconds(time)); }

  detail::ManualTime time_;
};

inline detail::ManualTime& detail::time_of(ManualClock& clock) noexcept { return clock.time_; }

}  // namespace weft::inline v0
