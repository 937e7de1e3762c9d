/// @file
/// blocking: a call that blocks its thread, and what the runtime does meanwhile.
#pragma once

#include <cerrno>
#include <concepts>
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/coro/invoke_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/fiber/stay_here.hpp>

namespace weft::inline v0 {

inline namespace WEFT_ASSERTS_NAMESPACE {

/// Says that the worker which runs this code may be blocked from construction to destruction, so that others can run in its place.
///
/// For code that cannot await: a plain job, a callback of a library. Elsewhere await blocking(), on a fiber call this_fiber::blocking().
///
/// Pre:      nothing of weft is waited for inside: a fiber or coroutine that suspends would take the worker's place with it. With internal
///           checks a fiber that does ends the process with a message. One inside another does nothing.
/// Threads:  any; on one that is no worker it does nothing. Constructed and destroyed on the same thread.
/// Cost:     two atomic operations, and waking the watcher if it sleeps.
class BlockingSection {
 public:
  explicit BlockingSection(const std::source_location& where = std::source_location::current()) noexcept
      : worker_(current_worker()), mark_("a BlockingSection", where) {
    if (worker_ != nullptr) worker_->begin_blocking();
  }
  BlockingSection(const BlockingSection&) = delete;
  BlockingSection& operator=(const BlockingSection&) = delete;
  ~BlockingSection() {
    if (worker_ != nullptr) worker_->end_blocking();
  }

 private:
  WorkerContext* const worker_;
  [[no_unique_address]] StayHere mark_;
};

}  // namespace WEFT_ASSERTS_NAMESPACE

namespace detail {
/// Sets errno of the thread that runs this now. Not inlined: compilers keep its address over a suspension.
WEFT_API void set_errno(int value) noexcept;

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Calls a function while the awaiting coroutine or fiber has left the stack, and does not suspend after all.
template <class F>
class [[nodiscard("co_await it; on a fiber: this_fiber::blocking")]] BlockingCall {
 public:
  using Result = std::invoke_result_t<F&>;

  BlockingCall(F&& function, const std::source_location& where) : function_(std::forward<F>(function)), where_(where) {}

  static constexpr bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) noexcept {
    const BlockingSection section(where_);
    outcome_.emplace_from(function_);
    error_number_ = errno;
    return false;
  }
  Result await_resume() {
    // A fiber has an errno of its own, and the call ran outside it.
    set_errno(error_number_);
    return std::move(outcome_).get();
  }

 private:
  F function_;
  const std::source_location where_;
  int error_number_ = 0;
  Outcome<Result> outcome_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Calls `function`, which may block its thread (a database, a name server, a slow disk), when it is awaited, and gives its result.
///
/// The call runs on the worker at once. If it takes longer than a grace time of about a millisecond, another thread may run jobs in the
/// worker's place until it returns, so that as many workers as before go on (RuntimeOptions::spare_workers).
///
/// Pre:      `function` waits for nothing of weft; it runs on no fiber, but on the thread's own stack, which is large.
/// Threads:  in a coroutine; on a fiber call this_fiber::blocking. errno is the call's afterwards.
/// Resumes:  on the same worker, without having been suspended.
/// Lifetime: a function that has a name is called where it is; a temporary is kept until it has been called.
/// Errors:   what the function throws. A stop request does not end it.
/// Cost:     a call that is short: some 10 ns.
/// Example:  samples/legacy_port
template <class F>
  requires std::invocable<F&>
[[nodiscard("co_await it; on a fiber: this_fiber::blocking")]] detail::BlockingCall<F> blocking(
    F&& function, const std::source_location& where = std::source_location::current()) {
  static_assert(JobFunction<F>, "blocking takes something that can be called without arguments, and is no coroutine");
  return detail::BlockingCall<F>(std::forward<F>(function), where);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
