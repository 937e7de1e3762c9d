/// @file
/// on_fiber: await blocking-style code from a coroutine.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/fiber/fiber_cache.hpp>

namespace weft::inline v0 {

/// The stack on which on_fiber calls something. All members have defaults.
struct StackOptions {
  /// At least so many bytes, rounded up to a power of two; 0 takes RuntimeOptions::fiber_stack_size.
  std::size_t stack_size = 0;
  /// For messages; outlives the fiber. Null: messages name the place where on_fiber was called.
  const char* name = nullptr;
  /// Fills the stack beforehand, so that this_fiber::high_water_mark() can say how much of it was used. For finding out a size.
  bool paint = false;
};

namespace detail {

/// Takes an idle fiber for a stack size, as a class. Errors: LimitError.
[[nodiscard]] WEFT_API Fiber& take_fiber(std::size_t stack_size);
/// Gives back a fiber that has left for good.
WEFT_API void put_fiber(Fiber& fiber) noexcept;

/// Who awaits the end of a fiber. Lives in the awaiting frame.
struct FiberAwaiting {
  Job* job = nullptr;
  JobLink link{};
  Priority home = Priority::Normal;  // the priority to go on with
  bool waits = false;                // the fiber has begun, and not ended
};

/// The end of a fiber that somebody awaits.
struct AwaitedFiberEnd final : AfterSwitch {
  explicit AwaitedFiberEnd(FiberAwaiting& by) noexcept : AfterSwitch{&AwaitedFiberEnd::resume_awaiting}, awaiting(by) {}
  WEFT_API static Job* resume_awaiting(AfterSwitch& after, Fiber& fiber) noexcept;

  FiberAwaiting& awaiting;
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Calls a function on a fiber and suspends the awaiting coroutine meanwhile.
template <class F>
class [[nodiscard]] CallOnFiber {
 public:
  using Result = std::invoke_result_t<F&>;

  CallOnFiber(F& function, const StackOptions& options, const std::source_location& where) noexcept
      : function_(function), size_(options.stack_size), is_painted_(options.paint), origin_{options.name, where} {}
  CallOnFiber(const CallOnFiber&) = delete;
  CallOnFiber& operator=(const CallOnFiber&) = delete;
  ~CallOnFiber() {
    WEFT_CHECK(!awaiting_.waits, "a coroutine was destroyed while the function that it awaits by on_fiber has not ended: its stack would be left "
                                 "as it is; let the function end first (a stop request, or what it waits for)");
  }

  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: the end of the fiber.
  template <class Promise>
  Transfer await_suspend(std::coroutine_handle<Promise> awaiting) {
    check_sanitizer();
    Fiber& fiber = take_fiber(size_);
    if (const WorkerContext* const worker = current_worker()) awaiting_.home = worker->priority;
    awaiting_.job = job_of(awaiting);
    fiber.begin(&CallOnFiber::main, this, PromiseBase::scope_of(awaiting), origin_);
    if (is_painted_) [[unlikely]] fiber.paint();
    awaiting_.waits = true;
    return transfer_to(awaiting_.job, fiber.job());
  }
  Result await_resume() { return std::move(outcome_).get(); }

 private:
  static void main(Fiber& fiber, FinalSwitch& end) {
    auto& self = *static_cast<CallOnFiber*>(fiber.argument());
    self.outcome_.emplace_from(self.function_);
    end.emplace<AwaitedFiberEnd>(self.awaiting_);
  }

  F& function_;
  const std::size_t size_;
  const bool is_painted_;
  const FiberOrigin origin_;
  FiberAwaiting awaiting_;
  Outcome<Result> outcome_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A task that calls `function` on a stack of its own, where it may wait in blocking style (this_fiber), and gives its result.
///
/// Threads:  begins on the worker that runs the task; after each wait it may be on another. Tasks that it awaits and bodies of parallel_for
///           run on no fiber; what it calls by parallel_invoke or sync_parallel_for does.
/// Resumes:  the awaiting coroutine goes on where the function has ended, with the priority that it had.
/// Lifetime: the function is moved into the task, and so is destroyed with it. A task that is destroyed while the function waits would leave
///           a stack that nobody unwinds: aborts.
/// Errors:   what the function throws. LimitError when there is no stack to be had, UsageError for a size that is too large.
/// Cost:     a coroutine frame, and a stack from the worker's cache.
/// Example:  samples/10_fiber.cpp
template <std::invocable F>
[[nodiscard("co_await it")]] Task<std::invoke_result_t<F&>> on_fiber(F function, StackOptions options = {},
                                                                     std::source_location where = std::source_location::current()) {
  static_assert(JobFunction<F>, "on_fiber takes something that can be called without arguments, and is no coroutine");
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a callable for on_fiber cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");
  detail::CallOnFiber<F> call(function, options, where);
  co_return co_await call;
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
