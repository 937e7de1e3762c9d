/// @file
/// What a task can ask and do about itself: its stop token, its turn, its priority, its executor.
#pragma once

#include <chrono>
#include <coroutine>
#include <optional>
#include <stop_token>
#include <type_traits>

#include <weft/base/error.hpp>
#include <weft/base/waiter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/transfer.hpp>

namespace weft::inline v0 {

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// `co_await CurrentScope{}` gives the scope of the awaiting coroutine; never suspends.
struct [[nodiscard]] CurrentScope {
  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    scope = PromiseBase::scope_of(self);
    return false;
  }
  [[nodiscard]] StopScope* await_resume() const noexcept { return scope; }

  StopScope* scope = nullptr;
};

struct [[nodiscard]] StopTokenAwaiter : CurrentScope {
  [[nodiscard]] std::stop_token await_resume() const { return scope != nullptr ? scope->token() : std::stop_token(); }
};

/// When what is in a scope, if it is in any, will be asked to stop at the latest.
[[nodiscard]] inline std::optional<std::chrono::steady_clock::time_point> deadline_in(const StopScope* scope) noexcept {
  const TimeNs deadline = scope != nullptr ? scope->deadline() : kNeverNs;
  if (deadline == kNeverNs) return std::nullopt;
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline));
}

struct [[nodiscard]] DeadlineAwaiter : CurrentScope {
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> await_resume() const noexcept { return deadline_in(scope); }
};

struct [[nodiscard]] StopRequestedAwaiter : CurrentScope {
  [[nodiscard]] bool await_resume() const noexcept { return scope != nullptr && scope->stop_requested(); }
};

struct [[nodiscard]] StopPoint : CurrentScope {
  void await_resume() const {
    if (scope != nullptr && scope->stop_requested()) throw OperationCancelled();
  }
};

/// Suspends and makes itself runnable again behind everything that waits on this worker.
class [[nodiscard]] Yield {
 public:
  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: whichever worker takes the job.
  bool await_suspend(std::coroutine_handle<> self) noexcept {
    WorkerContext* const worker = current_worker();
    if (worker == nullptr) return false;  // a thread with nobody to give way to
    link_ = JobLink{job_of(self), nullptr};
    worker->enqueue_last(link_, worker->priority);
    // ---- *this may be gone (L4) ----
    return true;
  }
  static constexpr void await_resume() noexcept {}

 private:
  JobLink link_{};
};

/// Suspends and makes itself runnable again elsewhere.
class [[nodiscard]] Reschedule {
 public:
  static Reschedule on(Executor& executor) noexcept { return Reschedule(&executor, Priority::Normal); }
  static Reschedule with(Priority priority) noexcept { return Reschedule(nullptr, priority); }

  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: whichever worker takes the job.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    WorkerContext* const worker = current_worker();
    link_ = JobLink{job_of(self), nullptr};
    if constexpr (std::is_base_of_v<PromiseBase, Promise>) {
      if (executor_ == nullptr && worker != nullptr) self.promise().move_to(priority_, worker->priority);
    }
    if (executor_ != nullptr) {
      executor_->post(link_, worker != nullptr ? worker->priority : Priority::Normal);
      // ---- *this may be gone (L4) ----
      return true;
    }
    if (worker == nullptr) return false;  // a thread without priorities
    worker->enqueue(link_, priority_);
    // ---- *this may be gone (L4) ----
    return true;
  }
  static constexpr void await_resume() noexcept {}

 private:
  Reschedule(Executor* executor, Priority priority) noexcept : executor_(executor), priority_(priority) {}

  Executor* executor_;  // null: the worker's, with another priority
  Priority priority_;
  JobLink link_{};
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Lets the other jobs of this worker go first. Outside a runtime it does nothing.
///
/// Threads: a coroutine, on any worker.
/// Resumes: on this worker, or on another one that was idle before the turn came.
/// Cost: one push and one take from the worker's own queue; no allocation.
inline detail::Yield yield() noexcept { return {}; }

/// Continues on `executor`: on a worker of that runtime; if it is a NumaArena, it starts there as work that is spawned there does.
///
/// Example:  samples/09_other_libraries.cpp
/// Lifetime: the runtime outlives the visit: until this task, and whoever awaits it, has moved on to another executor or has
///           ended. A runtime counts what was started in it, not its visitors.
inline detail::Reschedule resume_on(Executor& executor) noexcept { return detail::Reschedule::on(executor); }

/// Continues with another priority, which also holds for what this task forks and awaits from then on. When the task ends,
/// whoever awaits it goes on with the priority that it had before.
///
/// Resumes: on any worker of this runtime.
/// Cost:    as yield; and once more as much at the end of the task.
/// Example: samples/07_priorities.cpp
inline detail::Reschedule with_priority(Priority priority) noexcept { return detail::Reschedule::with(priority); }

/// Members are to be co_awaited by the coroutine that they are about.
namespace this_task {

/// The token that is signalled when this task should stop: a sibling failed, when_any has its winner, a stop was requested, the
/// runtime is cancelled. Cost: allocates once per scope. Errors: std::bad_alloc.
inline detail::StopTokenAwaiter stop_token() noexcept { return {}; }

/// Whether this task should stop. Cost: one load per level of nesting; no allocation.
inline detail::StopRequestedAwaiter stop_requested() noexcept { return {}; }

/// When this task will be asked to stop at the latest: the earliest time of the timeouts that it is in, however many tasks are between. Nothing:
/// it is in none. Cost: as stop_requested.
inline detail::DeadlineAwaiter deadline() noexcept { return {}; }

/// Throws OperationCancelled if this task should stop. Whoever awaits the task gets it; if nobody does, the task has just ended.
/// Cost: as stop_requested. Example: samples/08_stop.cpp
inline detail::StopPoint stop_point() noexcept { return {}; }

}  // namespace this_task

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
