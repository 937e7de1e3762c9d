/// @file
/// Counter: wait until a number of things have happened.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>

#include <weft/base/waiter.hpp>
#include <weft/coro/counter_word.hpp>
#include <weft/coro/transfer.hpp>

namespace weft::inline v0 {

/// Counts work that is still to be done; whoever awaits it goes on when it reaches zero.
///
/// Any number of coroutines and threads may wait, and any number of threads may add and sub. A waiter is woken by the
/// first zero after it began to wait, even if somebody adds again at once. Adding at zero begins a new round: the counter is reusable.
///
/// Threads:  any, together with every other member, except `reset` and destruction.
/// Lifetime: outlives the jobs it counts and everybody who adds to it. It may be destroyed by a waiter as soon as that one
///           goes on. Destroying it while it is not zero would leave jobs with a dangling reference: aborts.
/// Errors:   the first exception of the jobs spawned with it is thrown by everybody who awaits it; if nobody does, it
///           goes to std::terminate when the counter is destroyed.
/// Cost:     add and sub one atomic instruction each; a wait that has to suspend a short lock and no allocation.
/// Example:  samples/03_counter.cpp
class Counter {
 public:
  explicit Counter(std::uint32_t initial = 0) noexcept : word_(initial) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  WEFT_API ~Counter();

  /// Adds `n` things to wait for.
  void add(std::uint32_t n = 1) noexcept { word_.add(n); }

  /// `n` things are done. Aborts when there are not that many.
  void sub(std::uint32_t n = 1) noexcept {
    if (const std::uint32_t owed = word_.sub(n)) [[unlikely]] finish(owed);
  }

  /// What is left, at some moment during the call.
  [[nodiscard]] std::uint32_t value() const noexcept { return word_.value(); }

  /// Whether a wait would return at once. True: what the counted jobs did is visible.
  [[nodiscard]] bool is_complete() const noexcept { return word_.is_complete(); }

  /// Starts over with `n`, forgetting an error. Pre: zero, nobody waits or works with it.
  WEFT_API void reset(std::uint32_t n = 0) noexcept;

  /// Blocks this thread until zero. Errors: what the jobs threw; UsageError on a worker, which must co_await instead.
  WEFT_API void wait();

  /// Hands over a job's exception; the first one is kept. Before the `sub` of that job.
  WEFT_API void fail(std::exception_ptr error) noexcept;

  /// Registers a waiter, for code that brings its own kind of waiting.
  ///
  /// @return  false: complete already, the waiter is not registered
  [[nodiscard]] bool try_register(Waiter& waiter) noexcept { return word_.try_register(waiter); }

  /// Throws the first exception handed over, if there is one.
  void rethrow() const {
    if (word_.has_error()) [[unlikely]] rethrow_slow();
  }

 private:
  WEFT_API void finish(std::uint32_t owed) noexcept;
  [[noreturn]] WEFT_API void rethrow_slow() const;

  BasicCounterWord<Waiter> word_;
  std::exception_ptr error_;  // written under the word's lock, read once has_error() says so
};

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

class [[nodiscard("co_await it")]] CounterAwaiter {
 public:
  explicit CounterAwaiter(Counter& counter) noexcept : counter_(counter) {}
  [[nodiscard]] bool await_ready() const noexcept { return counter_.is_complete(); }
  // Lives in: the awaiting frame (L3). Woken by: the sub() that reaches zero, exactly once.
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiter_.suspend_here(job_of(awaiting));
    return counter_.try_register(waiter_);
    // ---- if it was registered, *this may be gone (L4) ----
  }
  void await_resume() const { counter_.rethrow(); }

 private:
  Counter& counter_;
  CoroutineWaiter waiter_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Suspends the coroutine until zero. Resumes: on the executor it was suspended on, with its priority.
inline detail::CounterAwaiter operator co_await(Counter& counter) noexcept { return detail::CounterAwaiter(counter); }

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
