/// @file
/// One who waits for a time.
#pragma once

#include <cstdint>
#include <limits>

namespace weft::inline v0 {

/// A time on the steady clock, or on the ManualClock of whoever waits, in ns. Never negative.
using TimeNs = std::int64_t;
inline constexpr TimeNs kNeverNs = std::numeric_limits<TimeNs>::max();

/// A node in a timer queue (lib/queue/timer_queue.hpp).
///
/// Lifetime: lives in the frame or on the stack of whoever waits, from arm() until `fire` has been entered or cancel() has returned true;
///           `fire` may free it.
struct Timer {
  enum class State : std::uint8_t {
    Unarmed,    ///< so far
    Armed,      ///< in a queue
    Fired,      ///< taken out because it was due; `fire` is called, or is about to be
    Cancelled,  ///< cancel() came first, before it was armed or while it was
  };

  Timer* next = nullptr;
  union {
    Timer** place = nullptr;  ///< in a TimerWheel: what points at it in its list
    std::uint64_t turn;       ///< in ExactTimers: how many were added before
  };
  TimeNs due = 0;
  void (*fire)(Timer*) noexcept = nullptr;  ///< by whoever looks at the queue, without its lock
  State state = State::Unarmed;                ///< guarded by the queue's lock
  bool ends_with_domain = false;            ///< see TimerQueue::cancel_all(); set before it is armed
};

}  // namespace weft::inline v0
