/// @file
/// parallel_invoke: structured fork and join of plain functions, without a coroutine frame.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <weft/base/atomic.hpp>
#include <weft/base/job.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

namespace detail {

/// A job on the stack of the function that forked it, and that joins it before it returns.
///
/// States: pending -> done, by whoever runs it. A thief that runs it leaves its own worker in `runner` first, so that the
/// forker can help it ("leapfrogging", lib/coro/README.md).
class StackJob : public Job {
 public:
  StackJob(const StackJob&) = delete;
  StackJob& operator=(const StackJob&) = delete;

  /// Whether `job` is a StackJob: they all carry the same mark.
  static bool is_one(const Job& job) noexcept { return job.mark == &kMark; }

  /// Waits for a job that is not at the bottom of the deque any more; helps whoever runs it meanwhile.
  ///
  /// @return  true: nobody had taken it after all; the caller runs it itself
  [[nodiscard]] WEFT_API bool join_slow() noexcept;

 protected:
  explicit StackJob(void (*function)(Job*)) noexcept : Job(marked_job(function, &kMark)) {}
  ~StackJob() = default;

  WEFT_API void begin() noexcept;
  /// Last access of the runner: the forker's stack frame may be gone afterwards (L4).
  WEFT_API void end() noexcept;

 private:
  WEFT_API static char kMark;  // only its address counts

  Atomic<WorkerContext*> runner_{nullptr};
  Atomic<std::uint32_t> state_{0};
};

template <class F>
class InvokeJob final : public StackJob {
 public:
  using Result = std::invoke_result_t<F&>;

  explicit InvokeJob(F& function) noexcept : StackJob(&InvokeJob::run), function_(function) {}

  Outcome<Result>& outcome() noexcept { return outcome_; }

 private:
  static void run(Job* job) {
    auto& self = *static_cast<InvokeJob*>(job);
    self.begin();
    self.outcome_.emplace_from(self.function_);
    self.end();
  }

  F& function_;
  Outcome<Result> outcome_;
};

/// Joins on every way out of the forking function.
template <class F>
class InvokeGuard {
 public:
  explicit InvokeGuard(InvokeJob<F>& job, F& function) noexcept : job_(job), function_(function) {}
  InvokeGuard(const InvokeGuard&) = delete;
  InvokeGuard& operator=(const InvokeGuard&) = delete;

  ~InvokeGuard() {
    if (is_joined_) return;
    // An exception leaves the first callable: the second still runs, exactly once; the first exception wins.
    try {
      if (take_back()) static_cast<void>(function_());
    } catch (...) {
    }
  }

  /// @return  true: the callable has not been run by anybody, and never will be by another
  [[nodiscard]] WEFT_ALWAYS_INLINE bool take_back() noexcept {
    is_joined_ = true;
    if (current_worker()->fork_deque->pop_if(&job_)) [[likely]] return true;
    return job_.join_slow();
  }

 private:
  InvokeJob<F>& job_;
  F& function_;
  bool is_joined_ = false;
};

template <class R>
using Elided = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

template <class F>
WEFT_ALWAYS_INLINE Elided<std::invoke_result_t<F&>> call_elided(F& function) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    function();
    return {};
  } else {
    return function();
  }
}

template <class F, class G>
using InvokedPair = std::pair<Elided<std::invoke_result_t<F&>>, Elided<std::invoke_result_t<G&>>>;

/// Calls both here, where nobody could steal one of them: the second too when the first throws.
template <class F, class G>
WEFT_NOINLINE InvokedPair<F, G> invoke_here(F& f, G& g) {
  struct CallLast {
    ~CallLast() {
      if (is_done) return;
      try {
        static_cast<void>(function());
      } catch (...) {
      }
    }
    G& function;
    bool is_done = false;
  };
  using First = Elided<std::invoke_result_t<F&>>;
  CallLast last{g};
  First first = call_elided(f);
  last.is_done = true;
  return {std::forward<First>(first), call_elided(g)};
}

/// Makes room for one more job. False: out of memory.
WEFT_COLD inline bool try_reserve(JobDeque& deque) noexcept {
  try {
    deque.reserve(1);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

template <class F, class G>
InvokedPair<F, G> invoke_two(F& f, G& g) {
  using First = Elided<std::invoke_result_t<F&>>;
  WorkerContext* const worker = current_worker();
  if (worker == nullptr) [[unlikely]] return invoke_here(f, g);
  if (!worker->fork_deque->has_room(1) && !try_reserve(*worker->fork_deque)) [[unlikely]] return invoke_here(f, g);
  InvokeJob<G> job(g);
  worker->fork_deque->push_chain_reserved(1, [&](std::size_t) { return &job; });
  InvokeGuard<G> guard(job, g);
  notify_work(*worker);
  First first = call_elided(f);
  if (guard.take_back()) [[likely]] return {std::forward<First>(first), call_elided(g)};
  if constexpr (std::is_void_v<std::invoke_result_t<G&>>) {
    std::move(job.outcome()).get();
    return {std::forward<First>(first), std::monostate{}};
  } else {
    return {std::forward<First>(first), std::move(job.outcome()).get()};
  }
}

template <class F>
std::tuple<Elided<std::invoke_result_t<F&>>> invoke_all(F& f) {
  return {call_elided(f)};
}

template <class F, class G, class... More>
auto invoke_all(F& f, G& g, More&... more) {
  if constexpr (sizeof...(More) == 0) {
    auto [first, second] = invoke_two(f, g);
    return std::tuple<decltype(first), decltype(second)>(std::forward<decltype(first)>(first), std::forward<decltype(second)>(second));
  } else {
    auto rest = [&] { return invoke_all(g, more...); };
    auto [first, others] = invoke_two(f, rest);
    return std::tuple_cat(std::tuple<decltype(first)>(std::forward<decltype(first)>(first)), std::move(others));
  }
}

}  // namespace detail

/// Calls the functions, the first here and the others here or on idle workers, and returns when all have returned.
///
/// The calling worker is blocked meanwhile, but never with unrelated work: it helps only whoever has stolen one of these
/// calls, with what those calls themselves forked, so that a lock held around parallel_invoke cannot deadlock.
///
/// @return  a tuple of the results in order (std::monostate for void); nothing when all are void
/// Threads:  on a worker (in a task or job); on any other thread the functions are called one after another.
/// Lifetime: the functions may refer to the caller's locals.
/// Errors:   every function is called exactly once, even when another throws; the first exception in argument order is
///           thrown when all have ended. Out of memory: the functions are called one after another.
/// Cost:     no allocation; per function that nobody stole one push and one exchange, 2 to 4 ns.
/// Example:  samples/02_fork_join.cpp
template <class... Fs>
  requires(sizeof...(Fs) > 0 && (std::invocable<Fs&> && ...))
auto parallel_invoke(Fs&&... functions) {
  if constexpr ((std::is_void_v<std::invoke_result_t<Fs&>> && ...)) {
    static_cast<void>(detail::invoke_all(functions...));
  } else {
    return detail::invoke_all(functions...);
  }
}

}  // namespace weft::inline v0
