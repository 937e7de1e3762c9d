/// @file
/// sleep_for, sleep_until: a task goes on at a time.
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <stop_token>

#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/waiter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/queue/timer.hpp>
#include <weft/time/span.hpp>

namespace weft::inline v0 {

class TimerQueue;

namespace detail {

/// The part of a sleep that does not depend on who sleeps.
class SleepState : Timer {
 public:
  SleepState& operator=(const SleepState&) = delete;

 protected:
  SleepState(const SleepState& not_begun) noexcept { due = not_begun.due; }
  /// @param until  as due_in() gives it
  explicit SleepState(TimeNs until) noexcept { due = until; }
  ~SleepState() {
    if (may_be_woken_) [[unlikely]] abandon();
    drop_callback();
  }

  /// @return  false: it has not suspended: the time has come, or `scope` was asked to stop
  /// Errors:  UsageError on a thread that is no worker, std::bad_alloc.
  WEFT_API bool begin(Job* sleeper, StopScope* scope);
  /// Errors: OperationCancelled if a stop came before the time.
  WEFT_API void end();
  [[nodiscard]] std::chrono::steady_clock::time_point until() const noexcept {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due));
  }

 private:
  struct OnStop {
    WEFT_API void operator()() const noexcept;
    SleepState* sleep;
  };

  static void wake_in_order(Timer* timer) noexcept;
  /// The sleeper is destroyed in its sleep, by the coroutine type of another library.
  WEFT_API void abandon() noexcept;
  void drop_callback() noexcept {
    if (has_callback_) std::destroy_at(&on_stop_);
    has_callback_ = false;
  }

  // What is looked at when the time has come stands together, in two cache lines; most sleepers have no callback.
  bool has_callback_ = false;
  bool may_be_woken_ = false;
  CoroutineWaiter waiter_;
  TimerQueue* queue_ = nullptr;
  union {
    std::stop_callback<OnStop> on_stop_;
  };
};

inline namespace WEFT_TRANSFER_NAMESPACE {

class [[nodiscard("co_await it")]] Sleep : SleepState {
 public:
  explicit Sleep(TimeNs until) noexcept : SleepState(until) {}
  /// When it ends; once it has begun.
  using SleepState::until;

  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: whoever fires the timer or, of a stop and the timer, comes first; exactly once.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(job_of(self), PromiseBase::scope_of(self));
    // ---- *this may be gone if it returned true (L4) ----
  }
  void await_resume() { end(); }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Suspends the task until a time on the steady clock, or on the ManualClock of its runtime (now()); the worker runs something else meanwhile.
/// time_point::max() means until it is asked to stop.
///
/// It never goes on early. Late it is by up to 33 us, what the kernel adds (50 us as a rule) where all workers sleep, and what a worker needs for
/// the jobs before it; while this one is in a job that lasts, others look after its timers, a millisecond or two later. What has come already returns
/// at once, without letting others go first: who only wants that uses yield().
///
/// Threads: a coroutine on a worker of a runtime, or inside sync_wait; in a fiber, this_fiber::await(sleep_for(...)).
/// Resumes: on the worker on which it fell asleep; if that is busy, on any.
/// Errors:  OperationCancelled when its task is asked to stop before the time, at once; UsageError on a thread that is no worker; std::bad_alloc.
/// Lifetime: a coroutine of another library may be destroyed in its sleep, if nobody wakes it at the same time; and it must not outlive its runtime.
/// Cost:    no allocation, but for the first stop token of a scope (this_task::stop_token) and 48 KiB at the first sleep on a worker. No system call
///          while the worker has something else to do, but that a watcher that rests is woken when a time is the first of its worker.
/// Source:  the timer wheels of the BSD and Linux kernels and of tokio.
/// Example: samples/13_time.cpp
template <class Duration>
detail::Sleep sleep_until(std::chrono::time_point<std::chrono::steady_clock, Duration> time) noexcept {
  return detail::Sleep(detail::rounded_up(time).time_since_epoch().count());
}

/// The same for a span from now on; one that is too long for the clock means for ever. It begins at the call; on a thread that is no worker, when it
/// is awaited.
template <class Rep, class Period>
detail::Sleep sleep_for(std::chrono::duration<Rep, Period> span) noexcept {
  return detail::Sleep(detail::due_in(detail::in_ns(span)));
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
