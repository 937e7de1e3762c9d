/// @file
/// How the thread of a seat sleeps until the next of the seat's timers is due, and how others know whether it does.
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

/// Until when the thread of a seat sleeps. Proof: README.md beside this file, "timers".
///
/// Threads: park() and end() by the seat's own thread, is_known() by any.
template <class Policy>
class BasicTimedPark {
 public:
  /// Sleeps until it is woken, or until a timer is due or an operation of the kernel has ended: false.
  ///
  /// @param queue  next() looks at the timers with the mutex by which they are armed
  template <class Parker, class Queue>
  [[nodiscard]] bool park(Parker& parker, Queue& queue) noexcept {
    // relaxed, here and below: ordered by the queue's mutex. A guest that arms a timer after next() has looked reads this, or what is found now, and
    // not what was found at another time.
    until_.store(kNeverNs, relaxed);
    const TimeNs next = queue.next();
    until_.store(next, relaxed);
    if (next != kNeverNs || parker.poller() != nullptr) return parker.park_until(next);
    parker.park();
    return true;
  }

  /// Whether the thread, which sleeps, will look at a timer that is due then.
  // relaxed: as above.
  [[nodiscard]] bool is_known(TimeNs next) const noexcept { return until_.load(relaxed) <= next; }

  /// The thread ends.
  // relaxed: for those who come after it.
  void end() noexcept { until_.store(kNeverNs, relaxed); }

 private:
  typename Policy::template Atomic<TimeNs> until_{kNeverNs};
};

using TimedPark = BasicTimedPark<HardwareAtomics>;

}  // namespace weft::inline v0
