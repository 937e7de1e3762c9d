/// @file
/// What code that runs on a fiber can do: wait without blocking its worker, in blocking style.
#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <weft/coro/awaitable.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/fiber/fiber.hpp>

namespace weft::inline v0 {

namespace detail {

[[noreturn]] WEFT_API WEFT_COLD void throw_no_fiber(const char* what);

/// The fiber that runs this code. Errors: UsageError when there is none, naming `what`.
[[nodiscard]] WEFT_ALWAYS_INLINE Fiber& fiber_here(const char* what) {
  Fiber* const fiber = current_fiber();
  if (fiber == nullptr) [[unlikely]] throw_no_fiber(what);
  return *fiber;
}

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Suspends a fiber as the awaiter would suspend a coroutine.
template <class Awaiter>
class AwaitOnFiber final : public AfterSwitch {
 public:
  WEFT_ALWAYS_INLINE explicit AwaitOnFiber(Awaiter& awaiter) noexcept : AfterSwitch{&AwaitOnFiber::suspend}, awaiter_(awaiter) {}

  WEFT_ALWAYS_INLINE void rethrow() {
    if constexpr (kMayThrow) {
      if (error_) [[unlikely]] std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }

 private:
  static constexpr bool kMayThrow = !noexcept(std::declval<Awaiter&>().await_suspend(std::declval<std::coroutine_handle<FiberPromise>>()));
  struct NoError {};

  static Job* suspend(AfterSwitch& after, Fiber& fiber) noexcept {
    auto& self = static_cast<AwaitOnFiber&>(after);
    if constexpr (!kMayThrow) {
      return suspend_in(self.awaiter_, fiber);
    } else {
      Job* const job = fiber.job();
      try {
        return suspend_in(self.awaiter_, fiber);
      } catch (...) {
        self.error_ = std::current_exception();  // it has not suspended, says the standard
        return job;
      }
    }
  }

  WEFT_ALWAYS_INLINE static Job* suspend_in(Awaiter& awaiter, Fiber& fiber) {
    Job* const job = fiber.job();
    using Result = decltype(awaiter.await_suspend(fiber.handle()));
    if constexpr (std::is_void_v<Result>) {
      awaiter.await_suspend(fiber.handle());
      // ---- the fiber may run elsewhere (L4) ----
      return nullptr;
    } else if constexpr (std::is_same_v<Result, bool>) {
      return awaiter.await_suspend(fiber.handle()) ? nullptr : job;
    } else {
      return job_of(awaiter.await_suspend(fiber.handle()));
    }
  }

  Awaiter& awaiter_;
  [[no_unique_address]] std::conditional_t<kMayThrow, std::exception_ptr, NoError> error_;
};

template <class Awaitable>
WEFT_ALWAYS_INLINE decltype(auto) await_on(Fiber& fiber, Awaitable&& awaitable) {
  decltype(auto) awaiter = awaiter_of(std::forward<Awaitable>(awaitable));
  if (!awaiter.await_ready()) {
    AwaitOnFiber<std::remove_reference_t<decltype(awaiter)>> suspension(awaiter);
    fiber.suspend(suspension);
    suspension.rethrow();
  }
  return awaiter.await_resume();
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Members are to be called on a fiber. After each of those that suspend, the fiber may be on another thread: see lib/fiber/README.md for
/// what that means for thread_local, errno and locks.
///
/// Errors: UsageError on anything but a fiber.
namespace this_fiber {

/// Whether this code runs on a fiber.
[[nodiscard]] WEFT_ALWAYS_INLINE bool is_one() noexcept { return current_fiber() != nullptr; }

/// Does what `co_await` does in a coroutine: suspends the fiber until `awaitable` (a Task, when_all, a Counter, anything that can be
/// awaited) is ready, and gives its result. The worker runs something else meanwhile.
///
/// Resumes:  as a coroutine would.
/// Threads:  what is awaited runs on no fiber, nor does the body of a parallel_for; that of a sync_parallel_for called here does.
/// Lifetime: the awaitable lives on the fiber's stack meanwhile.
/// Errors:   what the awaitable throws.
/// Cost:     two switches of the stack and what the awaitable costs. No allocation.
/// Example:  samples/10_fiber.cpp
template <class Awaitable>
WEFT_ALWAYS_INLINE decltype(auto) await(Awaitable&& awaitable) {
  static_assert(!std::is_lvalue_reference_v<Awaitable> || !detail::AwaitedOnce<std::remove_reference_t<Awaitable>>,
                "a Task or JoinHandle is awaited once: this_fiber::await(std::move(task))");
  return detail::await_on(detail::fiber_here("this_fiber::await"), std::forward<Awaitable>(awaitable));
}

/// Suspends the fiber until the counter is zero. Errors: the round's, as `co_await counter`.
WEFT_ALWAYS_INLINE void wait(Counter& counter) { detail::await_on(detail::fiber_here("this_fiber::wait"), counter); }

/// Calls a function that may block its thread and gives its result: what `co_await weft::blocking(function)` is in a coroutine.
///
/// Pre, Errors: as weft::blocking; the function runs on the worker's own stack, not on the fiber's.
/// Resumes:     on the same worker, without having been suspended.
/// Cost:        two switches of the stack more than in a coroutine.
template <class F>
  requires std::invocable<F&>
WEFT_ALWAYS_INLINE std::invoke_result_t<F&> blocking(F&& function, const std::source_location& where = std::source_location::current()) {
  return detail::await_on(detail::fiber_here("this_fiber::blocking"), weft::blocking(std::forward<F>(function), where));
}

/// Lets the other jobs of this worker go first. Cost: one push and one take from the worker's own queue; no allocation.
WEFT_ALWAYS_INLINE void yield() { detail::await_on(detail::fiber_here("this_fiber::yield"), weft::yield()); }

/// The token that is signalled when this fiber should stop; as this_task::stop_token.
[[nodiscard]] inline std::stop_token stop_token() {
  StopScope* const scope = detail::fiber_here("this_fiber::stop_token").scope();
  return scope != nullptr ? scope->token() : std::stop_token();
}

/// Whether this fiber should stop.
[[nodiscard]] inline bool stop_requested() {
  const StopScope* const scope = detail::fiber_here("this_fiber::stop_requested").scope();
  return scope != nullptr && scope->stop_requested();
}

/// When this fiber will be asked to stop at the latest; as this_task::deadline.
[[nodiscard]] inline std::optional<std::chrono::steady_clock::time_point> deadline() {
  return detail::deadline_in(detail::fiber_here("this_fiber::deadline").scope());
}

/// Throws OperationCancelled if this fiber should stop.
inline void stop_point() {
  if (stop_requested()) throw OperationCancelled();
}

/// Bytes of this fiber's stack that have been used at most so far. Errors: UsageError if it was not painted (FiberOptions::paint).
[[nodiscard]] inline std::size_t high_water_mark() { return detail::fiber_here("this_fiber::high_water_mark").high_water_mark(); }

}  // namespace this_fiber

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
