/// @file
/// A time that is moved by hand: what is inside a ManualClock.
#pragma once

#include <chrono>
#include <memory>

#include <weft/base/atomic.hpp>
#include <weft/base/platform.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0::detail {

/// Page: lib/time/README.md, "a clock that tests move".
///
/// Threads: any, except destruction.
class ManualTime {
 public:
  /// Somebody who has timers by this time.
  class Follower {
   public:
    Follower() = default;
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    /// After the time has been moved. Threads: any; not two at once.
    virtual void time_has_moved() noexcept = 0;
    /// When its first timer is due; kNeverNs: it has none. Threads: any.
    [[nodiscard]] virtual TimeNs next_timer() noexcept = 0;

   protected:
    ~Follower() = default;
  };

  /// Errors: UsageError for a time below zero, std::bad_alloc.
  WEFT_API explicit ManualTime(TimeNs start);
  ManualTime(const ManualTime&) = delete;
  ManualTime& operator=(const ManualTime&) = delete;
  WEFT_API ~ManualTime();

  [[nodiscard]] TimeNs now() const noexcept {
    // [clock.moved] acquire: pairs with move_to(): what whoever moved it had done before is visible to who sees the new time.
    return now_.load(acquire);
  }

  /// Errors: UsageError for a span below zero, and for a time that is over.
  WEFT_API void advance(TimeNs span);
  WEFT_API void advance_to(TimeNs time);
  /// Moves it to the time if that is not over.
  void reach(TimeNs time) noexcept;

  /// When the first timer of any follower is due; kNeverNs: there is none.
  [[nodiscard]] WEFT_API TimeNs next_timer() noexcept;
  /// Moves it there, unless that is over. False: there is none.
  WEFT_API bool advance_to_next() noexcept;

  /// From here on, until remove() is back, it is told. Errors: std::bad_alloc.
  void add(Follower& follower);
  void remove(Follower& follower) noexcept;

 private:
  struct Followers;  // apart, so that whoever looks at the time need not compile a mutex

  void move_to(TimeNs time) noexcept;
  [[nodiscard]] TimeNs first_timer() noexcept;

  Atomic<TimeNs> now_;  // written with the mutex of the followers
  const std::unique_ptr<Followers> followers_;
};

/// The time by a clock; null means the steady one.
inline TimeNs time_by(const ManualTime* manual) noexcept {
  if (manual != nullptr) [[unlikely]] return manual->now();
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace weft::inline v0::detail
