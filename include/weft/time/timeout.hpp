/// @file
/// timeout, completed_within: work that is asked to stop at a time.
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/base/error.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/queue/timer.hpp>
#include <weft/sync/event.hpp>
#include <weft/time/span.hpp>

namespace weft::inline v0 {

class TimerQueue;

namespace detail {

/// A scope that a timer asks to stop.
///
/// Lifetime: from its construction until `co_await ended()` has returned its timer may fire.
class TimeLimit final : public LimitedScope, private Timer {
 public:
  /// Errors: UsageError on a thread that is no worker, std::bad_alloc.
  WEFT_API TimeLimit(StopScope* around, std::chrono::steady_clock::time_point until);

  /// The work has ended: takes the timer back. False: it fires, and `co_await fired()` waits until that is over.
  [[nodiscard]] WEFT_API bool try_end() noexcept;
  [[nodiscard]] Event& fired() noexcept { return fired_; }

  /// Whether the time has come first. After the end.
  [[nodiscard]] bool has_come() const noexcept { return state == State::Fired; }

 private:
  TimerQueue* queue_;
  Event fired_;
};

/// Whether work that ended so has not been able to end in its time: the stop that ended it was the limit's own.
[[nodiscard]] WEFT_API bool is_too_late(const TimeLimit& limit, const StopScope* around, const std::exception_ptr& error) noexcept;

[[noreturn]] WEFT_API void throw_timeout();

inline namespace WEFT_TRANSFER_NAMESPACE {

/// The outcome of the work, or nothing if the time came first and it ended by that.
template <class T>
Task<std::optional<Outcome<T>>> limited(Task<T> work, std::chrono::steady_clock::time_point until) {
  StopScope* const around = co_await CurrentScope{};
  TimeLimit limit(around, until);
  Settled<T> settled(std::move(work), limit);
  std::optional<Outcome<T>> outcome(co_await settled);
  if (!limit.try_end()) co_await limit.fired();
  if (!outcome->has_value() && is_too_late(limit, around, outcome->error())) outcome.reset();
  co_return outcome;
}

template <class T>
Task<T> timeout_task(Task<T> work, std::chrono::steady_clock::time_point until) {
  std::optional<Outcome<T>> outcome = co_await limited(std::move(work), until);
  if (!outcome) throw_timeout();
  co_return std::move(*outcome).get();
}

template <class T>
Task<std::optional<T>> completed_task(Task<T> work, std::chrono::steady_clock::time_point until) {
  std::optional<Outcome<T>> outcome = co_await limited(std::move(work), until);
  if (!outcome) co_return std::nullopt;
  co_return std::move(*outcome).get();
}

inline Task<bool> completed_task(Task<> work, std::chrono::steady_clock::time_point until) {
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
/// @return   what the task returns, also when it came late: who did not look at the request has done the work
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait.
/// Resumes:  where the task has ended.
/// Errors:   TimeoutError when the task ended by OperationCancelled because the time had come; what else it throws; OperationCancelled when the
///           caller was asked to stop itself; UsageError on a thread that is no worker; std::bad_alloc.
/// Cost:     two coroutine frames and a timer; no system call. The span begins at the call, not when it is awaited.
/// Example:  samples/13_time.cpp
template <class T, class Rep, class Period>
[[nodiscard("co_await it")]] Task<T> timeout(Task<T> work, std::chrono::duration<Rep, Period> span) {
  return detail::timeout_task(std::move(work), detail::after(span));
}
/// The same with a point in time.
template <class T>
[[nodiscard("co_await it")]] Task<T> timeout(Task<T> work, std::chrono::steady_clock::time_point until) {
  return detail::timeout_task(std::move(work), until);
}

/// The same for when being too late is nothing unusual: instead of throwing TimeoutError it gives nothing.
///
/// @return  std::optional of what the task returns, or, of one that returns nothing, whether it has ended by itself
template <class T, class Rep, class Period>
[[nodiscard("co_await it")]] auto completed_within(Task<T> work, std::chrono::duration<Rep, Period> span) {
  return detail::completed_task(std::move(work), detail::after(span));
}
template <class T>
[[nodiscard("co_await it")]] auto completed_within(Task<T> work, std::chrono::steady_clock::time_point until) {
  return detail::completed_task(std::move(work), until);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
