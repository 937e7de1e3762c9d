/// @file
/// The timers of one worker.
#pragma once

#include <memory>
#include <mutex>

#include "base/adaptive_mutex.hpp"
#include "queue/exact_timers.hpp"
#include "queue/timer_wheel.hpp"
#include <weft/base/atomic.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

/// A TimerWheel that its worker arms, and whose timers anybody may cancel, or fire when they are due and the worker is busy.
///
/// Threads: any, except where a member says something else.
/// Cost:    a lock for each, which nobody else wants as a rule; the wheel is made when the first timer is armed.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// From here on nothing is late by a tick, and timers fire one time after the other: for the times of a ManualClock. Pre: none was armed.
  /// Errors: std::bad_alloc.
  void be_exact() { exact_ = std::make_unique<ExactTimers>(); }

  enum class Armed : std::uint8_t {
    Yes,
    First,  ///< yes, and it comes before all others
    No,     ///< it has been cancelled before
  };

  /// From here on `timer.fire` is called once, at or after `timer.due`, by whoever calls fire_due(), unless it is cancelled. By the worker.
  ///
  /// @param is_refused  asked with the lock: whether everything in the queue that ends with the domain has been cancelled
  /// Pre:    `timer` is new.
  /// Errors: std::bad_alloc, the first time; each time if it is exact.
  template <class IsRefused>
  [[nodiscard]] Armed arm(Timer& timer, TimeNs now, IsRefused is_refused) {
    const std::lock_guard lock(mutex_);
    if (is_refused()) timer.state = Timer::State::Cancelled;
    return arm_locked(timer, now);
  }
  [[nodiscard]] Armed arm(Timer& timer, TimeNs now) {
    return arm(timer, now, [] { return false; });
  }

  /// True: `fire` will not be called, and the caller may wake whoever waits. False: it has been, or will be; or the timer was not armed so far, and
  /// arm() will refuse it.
  [[nodiscard]] bool cancel(Timer& timer) noexcept;

  /// Cancels all timers that end with the domain, and calls `fire` of each, whose sleeper then finds it cancelled. Those that are armed from now on
  /// are to be refused: see arm().
  void cancel_all() noexcept;

  /// Calls `fire` of some timers that are due, in the order of their ticks and without the lock; if it is exact, of those of the first time, in the
  /// order in which they were armed. It may only have looked for them: next_hint() says whether there are more.
  ///
  /// @return  whether it has called any
  bool fire_some(TimeNs now) noexcept;

  /// Of all that are due.
  bool fire_due(TimeNs now) noexcept;

  /// No timer is due before this time, but for those that are being armed.
  // relaxed: a hint; the queue itself is looked at with the lock.
  [[nodiscard]] TimeNs next_hint() const noexcept { return next_.load(relaxed); }

  /// The same, exactly: cancelled timers do not count.
  [[nodiscard]] TimeNs next() noexcept;

 private:
  Armed arm_locked(Timer& timer, TimeNs now);
  Armed arm_exactly(Timer& timer);
  void note_next(TimeNs next) noexcept;
  [[nodiscard]] Timer* take_some(TimeNs now) noexcept;
  [[nodiscard]] TimeNs next_locked() const noexcept;

  Atomic<TimeNs> next_{kNeverNs};  // changed with the lock
  AdaptiveMutex mutex_;
  // ---- guarded by mutex_ ----
  std::unique_ptr<TimerWheel> wheel_;
  std::unique_ptr<ExactTimers> exact_;  // then there is no wheel
};

}  // namespace weft::inline v0
