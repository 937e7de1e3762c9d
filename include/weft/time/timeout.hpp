/// @file
/// timeout, completed_within: work that is asked to stop at a time.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/base/error.hpp>
#include <weft/base/executor.hpp>
#include <weft/base/job.hpp>
#include <weft/coro/as_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/coro/when_all.hpp>
#include <weft/queue/timer.hpp>
#include <weft/sync/event.hpp>
#include <weft/time/span.hpp>

namespace weft::inline v0 {

class TimerQueue;

namespace detail {

/// A scope that a timer asks to stop.
///
/// Lifetime: from its construction until try_end() has returned true, or `co_await fired()` has returned, its timer may fire.
class TimeLimit final : public LimitedScope, private Timer {
 public:
  /// @param until  as due_in() gives it
  /// Errors: UsageError on a thread that is no worker, std::bad_alloc.
  WEFT_API TimeLimit(StopScope* around, TimeNs until);
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  WEFT_API ~TimeLimit();

  /// The work has ended: takes the timer back. False: it fires, and `co_await fired()` waits until that is over.
  [[nodiscard]] WEFT_API bool try_end() noexcept;
  [[nodiscard]] Event& fired() noexcept { return fired_; }

  /// Whether work that has ended so has only ended because the time had come.
  [[nodiscard]] WEFT_API bool has_cut_off(const std::exception_ptr& error) const noexcept;

 private:
  struct StopJob : Job {
    TimeLimit* limit;
  };
  TimeLimit(StopScope* around, TimeNs until, WorkerContext& here);
  void ask_to_stop() noexcept;

  TimerQueue* queue_;
  WorkerContext& made_on_;
  Executor& executor_;  // of that worker
  Event fired_;
  bool has_ended_ = false;
  StopJob stop_job_;
  JobLink link_{};
};

[[noreturn]] WEFT_API void throw_timeout(std::chrono::nanoseconds span);

inline namespace WEFT_TRANSFER_NAMESPACE {

/// The outcome of the work, or nothing if the time came first and it ended by that.
template <class T>
Task<std::optional<Outcome<T>>> limited(Task<T> work, TimeNs until) {
  if (!work) throw_empty_task();
  TimeLimit limit(co_await CurrentScope{}, until);
  Settled<T> settled(std::move(work), limit);
  std::optional<Outcome<T>> outcome(co_await settled);
  if (!limit.try_end()) co_await limit.fired();
  if (!outcome->has_value() && limit.has_cut_off(outcome->error())) outcome.reset();
  co_return outcome;
}

template <class T>
Task<T> timeout_task(Task<T> work, TimeNs until, std::chrono::nanoseconds span) {
  std::optional<Outcome<T>> outcome = co_await limited(std::move(work), until);
  if (!outcome) throw_timeout(span);
  co_return std::move(*outcome).get();
}

template <class T>
Task<T> timeout_task(Task<T> work, TimeNs until) {
  const TimeNs before = time_here();
  std::optional<Outcome<T>> outcome = co_await limited(std::move(work), until);
  if (!outcome) throw_timeout(std::chrono::nanoseconds(until - before));
  co_return std::move(*outcome).get();
}

template <class T>
Task<std::optional<Held<T>>> completed_task(Task<T> work, TimeNs until) {
  std::optional<Outcome<T>> outcome = co_await limited(std::move(work), until);
  if (!outcome) co_return std::nullopt;
  co_return std::move(*outcome).get();
}

inline Task<bool> completed_task(Task<> work, TimeNs until) {
  std::optional<Outcome<void>> outcome = co_await limited(std::move(work), until);
  if (!outcome) co_return false;
  std::move(*outcome).get();
  co_return true;
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs a task and, if it has not ended after the span, asks it to stop: `co_await timeout(fetch(url), 2s)`. The task and all that it awaits learn
/// of it as of any stop request, and of the time itself by this_task::deadline(). It is waited for all the same, so it may refer to the
/// caller's locals.
///
/// What ends at a stop request: operations of the kernel (io), sleep_for and sleep_until, ticks of an interval, timeouts inside, tasks that look
/// (this_task::stop_point, stop_requested, a stop_token). What does not: waiting for a Counter, an Event, a Mutex, a JoinHandle or a thread, and
/// blocking calls, which with the epoll backend operations on files are. A task in one of these goes on to its end, and its result counts.
/// An operation that would begin when the time is over already does not, even if it could end at once: a span of 0 is no way of trying.
///
/// @return   what the task returns, also when it came late: who did not look at the request has done the work
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait. The request is made by a worker, or by the runtime's watcher if all of
///           them are in jobs that last; there the callbacks of stop_tokens run, which should be short.
/// Resumes:  where the task has ended.
/// Errors:   TimeoutError when the task ended by OperationCancelled because the time had come; what else it throws; OperationCancelled when the
///           caller was asked to stop itself; UsageError on a thread that is no worker, and for a task that was awaited or moved away already;
///           std::bad_alloc.
/// Cost:     two coroutine frames and a timer. The span begins at the call, not when it is awaited; on a thread that is no worker, when it is.
/// Example:  samples/13_time.cpp
template <class T, class Rep, class Period>
[[nodiscard("co_await it")]] Task<T> timeout(Task<T> work, std::chrono::duration<Rep, Period> span) {
  const TimeNs in = detail::in_ns(span);
  return detail::timeout_task(std::move(work), detail::due_in(in), std::chrono::nanoseconds(in));
}
/// The same with a point in time.
template <class T, class Duration>
[[nodiscard("co_await it")]] Task<T> timeout(Task<T> work, std::chrono::time_point<std::chrono::steady_clock, Duration> until) {
  return detail::timeout_task(std::move(work), detail::rounded_up(until).time_since_epoch().count());
}

/// The same for what is no task, but an operation: `timeout(stream.read(buffer), 2s)`. It is made one (as_task), at the cost of one more frame.
template <detail::Operation T, class When>
[[nodiscard("co_await it")]] auto timeout(T operation, When span_or_time) {
  return timeout(as_task(std::move(operation)), span_or_time);
}

/// The same for when being too late is nothing unusual: instead of throwing TimeoutError it gives nothing.
///
/// @return  std::optional of what the task returns (std::reference_wrapper for a reference), or, of one that returns nothing, whether it has ended
///          by itself
template <class T, class Rep, class Period>
[[nodiscard("co_await it")]] auto completed_within(Task<T> work, std::chrono::duration<Rep, Period> span) {
  return detail::completed_task(std::move(work), detail::due_in(detail::in_ns(span)));
}
template <class T, class Duration>
[[nodiscard("co_await it")]] auto completed_within(Task<T> work, std::chrono::time_point<std::chrono::steady_clock, Duration> until) {
  return detail::completed_task(std::move(work), detail::rounded_up(until).time_since_epoch().count());
}
template <detail::Operation T, class When>
[[nodiscard("co_await it")]] auto completed_within(T operation, When span_or_time) {
  return completed_within(as_task(std::move(operation)), span_or_time);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
