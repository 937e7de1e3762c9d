/// @file
/// Timers in the exact order of their times.
#pragma once

#include <cstdint>
#include <set>

#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

/// What a TimerQueue has in the place of a TimerWheel where a ManualClock shows the time: nothing is due before another that is due with it or before
/// it, to the nanosecond, and of one time the first that was added comes first.
///
/// Threads: one at a time.
/// Cost:    an allocation each, and the logarithm of how many there are: a test is in no hurry.
class ExactTimers {
 public:
  /// Pre: `timer` is in no ExactTimers. Errors: std::bad_alloc, and then it has not.
  void add(Timer& timer) {
    timer.turn = added_++;
    timers_.insert(&timer);
  }
  /// Pre: it is in here.
  void remove(Timer& timer) noexcept { timers_.erase(&timer); }

  /// Takes those out whose time is the first of all, if that has come: a list of them, linked by `next`, in the order in which they were added.
  [[nodiscard]] Timer* take_first(TimeNs now) noexcept {
    List taken;
    const TimeNs first = next();
    while (first <= now && next() == first) {
      taken.append(**timers_.begin());
      timers_.erase(timers_.begin());
    }
    return taken.first;
  }

  /// Takes those out that `is_wanted`: a list as above, in the order of their times.
  template <class IsWanted>
  [[nodiscard]] Timer* take_all(IsWanted is_wanted) noexcept {
    List taken;
    for (auto at = timers_.begin(); at != timers_.end();) {
      Timer& timer = **at;
      if (!is_wanted(timer)) {
        ++at;
        continue;
      }
      at = timers_.erase(at);
      taken.append(timer);
    }
    return taken.first;
  }

  /// The time of the first; kNeverNs: there is none.
  [[nodiscard]] TimeNs next() const noexcept { return timers_.empty() ? kNeverNs : (*timers_.begin())->due; }

 private:
  struct Earlier {
    bool operator()(const Timer* a, const Timer* b) const noexcept { return a->due != b->due ? a->due < b->due : a->turn < b->turn; }
  };

  struct List {
    void append(Timer& timer) noexcept {
      timer.next = nullptr;
      *end = &timer;
      end = &timer.next;
    }
    Timer* first = nullptr;
    Timer** end = &first;
  };

  std::set<Timer*, Earlier> timers_;
  std::uint64_t added_ = 0;
};

}  // namespace weft::inline v0
