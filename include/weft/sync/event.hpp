/// @file
/// Event: wait until something has happened.
#pragma once

#include <coroutine>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/waiter.hpp>
#include <weft/sync/event_word.hpp>

namespace weft::inline v0 {

/// Something that happens once, or, after a reset, once more: coroutines, fibers and threads wait for it together.
///
/// Threads:  any, together with every other member, except destruction.
/// Lifetime: outlives every call of its members; an await is such a call until it has suspended. Whoever has been woken, or has seen that it
///           is set, may destroy it at once: `set` does not touch it any more. Destroying it while somebody waits aborts.
/// Errors:   none but of wrong use. A stop request does not end the waiting.
/// Cost:     8 bytes. One atomic instruction to set, to reset and to wait for it; none if it is set when it is waited for. No allocation.
/// Source:   the manual-reset events of Windows, as awaitables first in cppcoro.
class Event {
 public:
  class Awaiter;

  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  WEFT_API ~Event();

  /// Sets the event and wakes everybody who waits, in the order in which they came. Does nothing if it is set.
  ///
  /// Resumes: a coroutine or fiber on the executor it was suspended on, with its priority; a coroutine that was on no worker inside this call,
  ///          so hold no lock there.
  void set() noexcept {
    if (Waiter* const first = word_.set()) wake_all(first);
  }

  /// Lets those wait who come from now on. Who waited when it was set is woken all the same.
  ///
  /// @return  whether it was set
  bool reset() noexcept { return word_.reset(); }

  /// True: what was done before it was set is visible.
  [[nodiscard]] bool is_set() const noexcept { return word_.is_set(); }

  /// Suspends this fiber, or blocks this thread, until the event is set. Errors: UsageError on a worker outside a fiber: there, co_await.
  WEFT_API void wait();

  /// Suspends the coroutine until the event is set: `co_await event`.
  Awaiter operator co_await() noexcept;

 private:
  BasicEventWord<Waiter> word_;
};

/// What `co_await event` waits with. It is the same in each mode of transfer: it hands the thread to nobody.
class [[nodiscard("co_await it")]] Event::Awaiter {
 public:
  explicit Awaiter(Event& event) noexcept : event_(event) {}
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;
  [[nodiscard]] bool await_ready() const noexcept { return event_.is_set(); }
  // Lives in: the awaiting frame (L3). Woken by: the set() that finds it, exactly once.
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiter_.suspend_here(job_of(awaiting));
    const bool has_entered = event_.word_.enter_unless_set(waiter_);
    // ---- if it has entered, *this may be gone (L4) ----
    return has_entered;
  }
  static constexpr void await_resume() noexcept {}

 private:
  Event& event_;
  CoroutineWaiter waiter_;
};

inline Event::Awaiter Event::operator co_await() noexcept { return Awaiter(*this); }

}  // namespace weft::inline v0
