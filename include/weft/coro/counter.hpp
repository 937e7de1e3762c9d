/// @file
/// Counter: wait until a number of things have happened.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include <weft/base/waiter.hpp>
#include <weft/coro/counter_word.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

/// One who waits for a Counter, and what the round has left for them.
///
/// Lifetime: lives in the frame or on the stack of whoever waits, as the Waiter does.
struct CounterWaiter {
  using Error = std::exception_ptr;

  /// Throws the exception of the round, if there is one. Pre: the round is over.
  void rethrow() {
    if (error) [[unlikely]] std::rethrow_exception(std::exchange(error, nullptr));
  }

  CounterWaiter* next = nullptr;
  Waiter* waiter = nullptr;  ///< how to wake; set before registration
  Error error;               ///< of the round; written before the wake-up, so that the counter need not be there any more
};

/// Counts work that is still to be done; whoever awaits it goes on when it reaches zero.
///
/// A **round** lasts from an `add` at zero to the next zero; the counter is reusable. Any number of coroutines and threads may
/// wait, and any number of threads add and sub. A waiter is woken by the first zero after it began to wait, also if somebody
/// adds right after that; an `add` that overlaps with the last `sub` may count as the earlier of the two, and the round goes on.
///
/// Threads:  any, together with every other member, except `reset` and destruction.
/// Lifetime: outlives the jobs it counts and every call of its members; an await is such a call until it has suspended. Whoever
///           has been woken, or has seen `is_complete`, may destroy it at once: `sub` and all who have suspended are through with
///           it, also those that have not gone on yet. Destroying it while it is not zero would leave jobs with a dangling
///           reference: aborts.
/// Errors:   the first exception of a round is thrown to everybody who awaits that round, before its end or after it, until an
///           `add` begins the next round and forgets it. One that nobody has been thrown is not forgotten: it is thrown to the
///           next who awaits, and if nobody does, goes to std::terminate when the counter is destroyed (not an
///           OperationCancelled, which is forgotten). A counter keeps one exception: those that come while it keeps one that nobody
///           has been thrown are dropped.
/// Cost:     24 bytes. add and sub one atomic instruction each; a wait that has to suspend a short lock and no allocation.
/// Source:   the job counters of Naughty Dog's engine (C. Gyrling, "Parallelizing the Naughty Dog Engine Using Fibers", GDC
///           2015), which jobs count down and other jobs wait for. Go's sync.WaitGroup counts likewise, but may be reused only
///           once every Wait has returned, and carries no errors.
/// Example:  samples/03_counter.cpp
class Counter {
 public:
  explicit Counter(std::uint32_t initial = 0) noexcept : word_(initial) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  WEFT_API ~Counter();

  /// Adds `n` things to wait for. At zero it first waits for a `sub` that is just ending the last round, if there is one.
  void add(std::uint32_t n = 1) noexcept { word_.add(n); }

  /// `n` things are done. Aborts when there are not that many. May run coroutines that waited off any worker: see co_await.
  void sub(std::uint32_t n = 1) noexcept {
    if (word_.sub(n)) [[unlikely]] settle();
  }

  /// What is left, at some moment during the call; 0 only when the counter is complete.
  ///
  /// May be too large, so do not wait for a value: a worker that runs short plain jobs of one counter counts those of the last few
  /// microseconds off together. If then a long one follows, up to 31 are not counted before it has ended.
  [[nodiscard]] std::uint32_t value() const noexcept { return word_.value(); }

  /// Whether a wait would return at once. True: what the counted jobs did is visible.
  [[nodiscard]] bool is_complete() const noexcept { return word_.is_complete(); }

  /// Starts over with `n`, forgetting an error, seen or not. Pre: zero, nobody waits or works with it.
  WEFT_API void reset(std::uint32_t n = 0) noexcept;

  /// Suspends this fiber, or blocks this thread, until zero. Errors: the round's; UsageError on a worker outside a fiber: there, co_await.
  WEFT_API void wait();

  /// Hands over a job's exception. Before the `sub` of that job.
  WEFT_API void fail(std::exception_ptr error) noexcept;

  /// Throws what awaiting would throw, if the counter is complete; does nothing while it is not.
  WEFT_API void rethrow();

  /// Registers a waiter, for code that brings its own kind of waiting; once it has been woken, `waiter.rethrow()`.
  ///
  /// @return  false: complete, and `waiter` is not registered but has the exception of the round that is over
  [[nodiscard]] WEFT_API bool try_register(CounterWaiter& waiter) noexcept;

  /// Whether the counter is complete; if it is, `waiter` gets the exception of the round that is over.
  [[nodiscard]] bool look(CounterWaiter& waiter) noexcept { return word_.look(waiter); }

 private:
  WEFT_API void settle() noexcept;

  BasicCounterWord<CounterWaiter> word_;
};

namespace detail {
/// Counter::wait, for a function whose name is `what`, which the message says on a worker outside a fiber.
WEFT_API void wait_for(Counter& counter, const char* what);

inline namespace WEFT_TRANSFER_NAMESPACE {

class [[nodiscard("co_await it")]] CounterAwaiter {
 public:
  explicit CounterAwaiter(Counter& counter) noexcept : counter_(counter) {}
  CounterAwaiter(const CounterAwaiter&) = delete;
  CounterAwaiter& operator=(const CounterAwaiter&) = delete;
  [[nodiscard]] bool await_ready() noexcept { return counter_.look(entry_); }
  // Lives in: the awaiting frame (L3). Woken by: the sub() that ends the round, exactly once.
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiter_.suspend_here(job_of(awaiting));
    entry_.waiter = &waiter_;
    WorkerContext* const worker = current_worker();
    const Counter* const counter = &counter_;
    if (!counter_.try_register(entry_)) return false;
    // ---- *this may be gone (L4) ----
    if (worker != nullptr) {
      worker->awaited = counter;
      worker->awaiting = job_of(awaiting);
    }
    return true;
  }
  // The counter may be gone: another waiter, or one who only asked, may have destroyed it (C4).
  void await_resume() { entry_.rethrow(); }

 private:
  Counter& counter_;
  CoroutineWaiter waiter_;
  CounterWaiter entry_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Suspends the coroutine until zero.
///
/// Resumes: on the executor it was suspended on, with its priority; a coroutine that was on no worker, inside the last `sub`, on the
///          thread that calls it, so hold no lock there.
/// Errors:  the round's. A stop request does not end the waiting: whoever counts has to count down.
inline detail::CounterAwaiter operator co_await(Counter& counter) noexcept { return detail::CounterAwaiter(counter); }

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
