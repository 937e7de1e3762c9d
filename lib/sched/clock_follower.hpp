/// @file
/// How a runtime that is stepped learns that its ManualClock was moved.
#pragma once

#include "queue/timer_queue.hpp"
#include "sched/stepper.hpp"
#include <weft/queue/manual_time.hpp>

namespace weft::inline v0 {

/// Makes the descriptor readable when something is due, in the place of the timerfd. Lifetime: what it is made of outlives it.
class ClockFollower final : detail::ManualTime::Follower {
 public:
  /// Errors: std::bad_alloc.
  ClockFollower(detail::ManualTime& time, Stepper& stepper, TimerQueue& timers) : time_(time), stepper_(stepper), timers_(timers) {
    time_.add(*this);
  }
  ClockFollower(const ClockFollower&) = delete;
  ClockFollower& operator=(const ClockFollower&) = delete;
  ~ClockFollower() { time_.remove(*this); }

  [[nodiscard]] bool is_anything_due() noexcept { return timers_.next() <= time_.now(); }

  /// Moves the clock to the first timer. Pre: there is one.
  void move_on() noexcept { time_.reach(timers_.next()); }

  TimeNs next_timer() noexcept override { return timers_.next(); }

 private:
  void time_has_moved() noexcept override {
    if (is_anything_due()) stepper_.notify();
  }

  detail::ManualTime& time_;
  Stepper& stepper_;
  TimerQueue& timers_;
};

}  // namespace weft::inline v0
