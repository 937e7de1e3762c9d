/// @file
/// parallel_invoke: structured fork and join of plain functions, without a coroutine frame.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
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

  /// Calls the function in the forker's place. Pre: the job was taken back.
  WEFT_ALWAYS_INLINE Result call() { return function_(); }
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

template <class... Fs>
using Invoked = std::tuple<Elided<std::invoke_result_t<Fs&>>...>;

/// Functions that are called one after another, each exactly once even when another throws: the first exception wins.
template <class... Fs>
class CallsInOrder {
 public:
  explicit CallsInOrder(Fs&... functions) noexcept : functions_(functions...) {}

  Invoked<Fs...> call_all() { return call_all(std::index_sequence_for<Fs...>()); }

 private:
  template <std::size_t... kIndex>
  WEFT_ALWAYS_INLINE Invoked<Fs...> call_all(std::index_sequence<kIndex...>) {
    return {call<kIndex>()...};
  }

  // A handler for each, and not a guard that knows how far things have got: that would be a store for each call.
  template <std::size_t kIndex>
  WEFT_ALWAYS_INLINE decltype(auto) call() {
    try {
      return call_elided(std::get<kIndex>(functions_));
    } catch (...) {
      call_from<kIndex + 1>(std::index_sequence_for<Fs...>());
      throw;
    }
  }

  template <std::size_t kFirst, std::size_t... kIndex>
  WEFT_COLD void call_from(std::index_sequence<kIndex...>) noexcept {
    const auto call_dropping = [](auto& function) {
      try {
        static_cast<void>(function());
      } catch (...) {
      }
    };
    ((kIndex >= kFirst ? call_dropping(std::get<kIndex>(functions_)) : void()), ...);
  }

  std::tuple<Fs&...> functions_;
};

/// Calls all here, where nobody could steal one.
template <class... Fs>
WEFT_NOINLINE Invoked<Fs...> invoke_here(Fs&... functions) {
  return CallsInOrder<Fs...>(functions...).call_all();
}

/// Makes room for more jobs. False: out of memory.
WEFT_COLD inline bool try_reserve(JobDeque& deque, std::size_t count) noexcept {
  try {
    deque.reserve(count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// A function of a fork after the first: called here if its job can be taken back, else by a thief.
template <class G>
class Forked {
 public:
  using Result = std::invoke_result_t<G&>;

  explicit Forked(G& function) noexcept : job_(function) {}

  [[nodiscard]] Job* job() noexcept { return &job_; }

  /// What the function returns, wherever it is called. Joins the job.
  WEFT_ALWAYS_INLINE Result operator()() {
    if (current_worker()->fork_deque->pop_if(&job_)) [[likely]] return job_.call();
    return get_slow();
  }

 private:
  WEFT_NOINLINE Result get_slow() {
    if (job_.join_slow()) return job_.call();
    return std::move(job_.outcome()).get();
  }

  InvokeJob<G> job_;
};

template <class F, class... Gs>
Invoked<F, Gs...> invoke_all(F& f, Gs&... gs) {
  constexpr std::size_t kForked = sizeof...(Gs);
  if constexpr (kForked == 0) {
    return {call_elided(f)};
  } else {
    WorkerContext* const worker = current_worker();
    if (worker == nullptr) [[unlikely]] return invoke_here(f, gs...);
    if (!worker->fork_deque->has_room(kForked) && !try_reserve(*worker->fork_deque, kForked)) [[unlikely]] {
      return invoke_here(f, gs...);
    }
    return [&](Forked<Gs>... forked) {
      Job* const jobs[] = {forked.job()...};
      worker->fork_deque->push_chain_reserved(kForked, [&jobs](std::size_t i) { return jobs[i]; });
      notify_work(*worker);
      return CallsInOrder<F, Forked<Gs>...>(f, forked...).call_all();
    }(Forked<Gs>(gs)...);
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
/// Source:   jobs on the stack as in Cilk and Wool; to help the thief only, "leapfrogging", is from D. Wagner, B. Calder, "Leapfrogging: a
///           portable technique for implementing efficient futures", PPoPP 1993.
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
