/// @file
/// parallel_invoke: structured fork and join of plain functions, without a coroutine frame.
#pragma once

#include <concepts>
#include <cstddef>
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
#include <weft/base/error.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/spawn_fiber.hpp>
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

  struct Forker;

  /// Leaves a job that was taken and must not run where it was taken to its forker, who waits for it or will. Last access (L4).
  void give_back() noexcept;

  // One word, because it is written in each fork: lib/coro/stack_join.hpp has its parts.
  Atomic<std::uint64_t> state_{0};
};

/// How a fork keeps a function that was passed as `F&&`: a small temporary as it is, anything else by reference.
template <class F>
using KeptFunction =
    std::conditional_t<!std::is_reference_v<F> && std::is_trivially_copyable_v<F> && std::is_trivially_constructible_v<F, F&> &&
                           sizeof(F) <= 2 * sizeof(void*),
                       F, std::remove_reference_t<F>&>;

/// @tparam F  a KeptFunction
template <class F>
class InvokeJob final : public StackJob {
 public:
  using Result = std::invoke_result_t<F&>;

  explicit InvokeJob(F& function) noexcept : StackJob(&InvokeJob::run), function_(function) {}
  ~InvokeJob() {}

  /// Calls the function in the forker's place. Pre: the job was taken back.
  WEFT_ALWAYS_INLINE Result call() { return function_(); }

  /// What a thief has got. Once. Pre: join_slow() has returned false.
  Result take() {
    struct Destroy {
      ~Destroy() { std::destroy_at(outcome); }
      Outcome<Result>* outcome;
    };
    const Destroy after{&outcome_};
    return std::move(outcome_).get();
  }

 private:
  static void run(Job* job) {
    auto& self = *static_cast<InvokeJob*>(job);
    self.begin();
    std::construct_at(&self.outcome_)->emplace_from(self.function_);
    self.end();
  }

  F function_;
  union {
    Outcome<Result> outcome_;  // from run() to take(): most jobs are taken back, and never have one
  };
};

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

/// Calls each function from the kFirst-th on, and drops what it returns or throws.
template <std::size_t kFirst, class... Fs>
WEFT_COLD void call_from(std::tuple<Fs...>& functions) noexcept {
  if constexpr (kFirst < sizeof...(Fs)) {
    try {
      static_cast<void>(std::get<kFirst>(functions)());
    } catch (...) {
    }
    call_from<kFirst + 1>(functions);
  }
}

/// Calls `function`, and if it throws, also those from the kNext-th on, before the exception goes on.
template <std::size_t kNext, class F, class... Fs>
WEFT_ALWAYS_INLINE Elided<std::invoke_result_t<F&>> call_or_go_through(F& function, std::tuple<Fs...>& others) {
  // A handler for each call, and not a guard that knows how far things have got: that would be a store for each.
  try {
    return call_elided(function);
  } catch (...) {
    call_from<kNext>(others);
    throw;
  }
}

/// Calls `f` and then the others, each exactly once even when another throws: the first exception wins.
template <class F, class... Fs, std::size_t... kIndex>
WEFT_ALWAYS_INLINE Invoked<F, std::remove_reference_t<Fs>...> call_in_order(F& f, std::tuple<Fs...>& others, std::index_sequence<kIndex...>) {
  return {call_or_go_through<0>(f, others), call_or_go_through<kIndex + 1>(std::get<kIndex>(others), others)...};
}

/// Calls all here, where nobody could steal one.
template <class F, class... Gs>
Invoked<F, Gs...> invoke_here(F& f, Gs&... gs) {
  std::tuple<Gs&...> others(gs...);
  return call_in_order(f, others, std::index_sequence_for<Gs...>());
}

/// Calls `f` here, and each of the others on a fiber of its own: a function that was forked on a fiber may wait as the fiber may.
template <class F, class... Gs, std::size_t... kIndex>
Invoked<F, Gs...> invoke_on_fibers(Fiber& here, std::index_sequence<kIndex...>, F& f, Gs&... gs) {
  std::tuple<Outcome<std::invoke_result_t<F&>>, Outcome<std::invoke_result_t<Gs&>>...> outcomes;
  Counter ended;
  const FiberOptions options{.stack_size = here.stack_size(), .priority = current_worker()->priority};
  const auto fork = [&](auto& g, auto& outcome) {
    auto call = [&g, &outcome] { outcome.emplace_from(g); };
    try {
      spawn_fiber_in<false>(here.scope(), target_here("parallel_invoke forked a fiber", "Runtime::run"), call, &ended, options, here.origin().where);
    } catch (const std::bad_alloc&) {
      call();
    }
  };
  (fork(gs, std::get<kIndex + 1>(outcomes)), ...);
  std::get<0>(outcomes).emplace_from(f);
  try {
    ended.wait();
  } catch (...) {
    // There was no stack for one of them or more; they have not been called. What they throw themselves is in their outcomes.
  }
  const auto call_if_left = [](auto& g, auto& outcome) {
    if (!outcome.has_value() && outcome.error() == nullptr) outcome.emplace_from(g);
  };
  (call_if_left(gs, std::get<kIndex + 1>(outcomes)), ...);
  const auto take = []<class T>(Outcome<T>& outcome) -> Elided<T> {
    if constexpr (std::is_void_v<T>) {
      std::move(outcome).get();
      return {};
    } else {
      return std::move(outcome).get();
    }
  };
  return {take(std::get<0>(outcomes)), take(std::get<kIndex + 1>(outcomes))...};
}

/// Where nothing can be forked onto the stack: on a fiber, on a thread that is no worker, and out of memory.
template <class F, class... Gs>
WEFT_NOINLINE Invoked<F, Gs...> invoke_elsewhere(F& f, Gs&... gs) {
  Fiber* const fiber = current_fiber();
  if (fiber != nullptr && current_worker() != nullptr) return invoke_on_fibers(*fiber, std::index_sequence_for<Gs...>(), f, gs...);
  return invoke_here(f, gs...);
}

inline namespace WEFT_TRANSFER_NAMESPACE {
/// Makes room for more jobs. False: out of memory.
WEFT_KEEPS_REGISTERS bool try_reserve(JobDeque& deque, std::size_t count) noexcept {
  try {
    deque.reserve(count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}
}  // namespace WEFT_TRANSFER_NAMESPACE

/// A function of a fork after the first: called here if its job can be taken back, else by a thief.
///
/// @tparam G  a KeptFunction
template <class G>
class Forked {
 public:
  using Result = std::invoke_result_t<G&>;

  explicit Forked(G& function) noexcept : job_(function) {}

  [[nodiscard]] Job* job() noexcept { return &job_; }

  /// What the function returns, wherever it is called. Joins the job.
  WEFT_ALWAYS_INLINE Result operator()() {
    if (current_worker_after_call()->fork_deque->pop_if(address_anew(job_))) [[likely]] return job_.call();
    return get_slow();
  }

 private:
  WEFT_NOINLINE Result get_slow() { return job_.join_slow() ? job_.call() : job_.take(); }

  InvokeJob<G> job_;
};

template <class... Gs, std::size_t... kIndex>
WEFT_ALWAYS_INLINE void push_jobs(JobDeque& deque, std::tuple<Forked<Gs>...>& forked, std::index_sequence<kIndex...>) noexcept {
  Job* const jobs[] = {std::get<kIndex>(forked).job()...};
  deque.push_chain_reserved(sizeof...(Gs), [&jobs](std::size_t i) { return jobs[i]; });
}

// Inlined, so that a function that forks has one frame and not two, and gets the results in registers.
template <class F, class... Gs>
WEFT_ALWAYS_INLINE Invoked<F, Gs...> invoke_all(std::remove_reference_t<F>& f, std::remove_reference_t<Gs>&... gs) {
  constexpr std::size_t kForked = sizeof...(Gs);
  if constexpr (kForked == 0) {
    return {call_elided(f)};
  } else {
    WorkerContext* const worker = slot_forking_worker();
    if (worker == nullptr || (!worker->fork_deque->has_room(kForked) && !try_reserve(*worker->fork_deque, kForked))) [[unlikely]] {
      Invoked<F, Gs...> results = invoke_elsewhere(f, gs...);
      return Invoked<F, Gs...>(std::move(results));  // not the same object: that one is in memory
    }
    std::tuple<Forked<KeptFunction<Gs>>...> forked(gs...);
    push_jobs(*worker->fork_deque, forked, std::index_sequence_for<Gs...>());
    notify_work(*worker);
    return call_in_order(f, forked, std::index_sequence_for<Gs...>());
  }
}

}  // namespace detail

/// Calls the functions, the first here and the others here or on idle workers, and returns when all have returned.
///
/// The calling worker is blocked meanwhile, but never with unrelated work: it helps only whoever has stolen one of these
/// calls, with what those calls themselves forked, so that a lock held around parallel_invoke cannot deadlock.
///
/// @return  a tuple of the results in order (std::monostate for void); nothing when all are void
/// Threads:  on a worker (in a task or job); on any other thread the functions are called one after another. On a fiber each of the others
///           gets a fiber of its own, with a stack of the same size, and the caller is suspended until they have ended: they may wait too.
/// Lifetime: the functions may refer to the caller's locals. One with a name is called where it is; a temporary may be copied first.
/// Errors:   every function is called exactly once, even when another throws; the first exception in argument order is
///           thrown when all have ended. Out of memory: the functions are called one after another.
/// Cost:     no allocation; per function that nobody stole one push and one exchange, 2 to 4 ns.
/// Source:   jobs on the stack as in Cilk and Wool; to help the thief only, "leapfrogging", is from D. Wagner, B. Calder, "Leapfrogging: a
///           portable technique for implementing efficient futures", PPoPP 1993.
/// Example:  samples/02_fork_join.cpp
template <class... Fs>
  requires(sizeof...(Fs) > 0 && (std::invocable<Fs&> && ...))
WEFT_ALWAYS_INLINE auto parallel_invoke(Fs&&... functions) {
  if constexpr ((std::is_void_v<std::invoke_result_t<Fs&>> && ...)) {
    static_cast<void>(detail::invoke_all<Fs...>(functions...));
  } else {
    return detail::invoke_all<Fs...>(functions...);
  }
}

}  // namespace weft::inline v0
