/// @file
/// Starting work that is not awaited on the spot: counted, detached, or with a handle. See also when_all and TaskGroup.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <weft/base/error.hpp>
#include <weft/base/executor.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/task.hpp>

namespace weft::inline v0 {

/// How a spawned task or job runs. All members have defaults: `{.priority = Priority::High}`.
struct SpawnOptions {
  Priority priority = Priority::Normal;
  /// Stops a spawned task when it is signalled, beside Runtime::shutdown(Cancel); see this_task::stop_token.
  std::stop_token stop = {};
};

namespace detail {

/// Where spawned work goes: an executor that runs it, and the domain that counts it.
struct SpawnTarget {
  Executor* executor;
  Domain* domain;
};

/// The runtime of the worker that runs this code. Errors: UsageError outside any runtime.
[[nodiscard]] WEFT_API SpawnTarget target_here();

/// Starts a task whose frame finish_root() will free, in `scope` (null: the domain itself).
///
/// Errors: std::bad_alloc, with nothing started.
WEFT_API void start_root(PromiseBase& promise, Counter* counter, const SpawnTarget& target, const SpawnOptions& options,
                         StopScope* scope = nullptr);

/// Ends a plain job: hands on its error and counts it off.
WEFT_API void finish_job(Counter* counter, Domain& domain, std::exception_ptr error) noexcept;

/// A callable on its way to a worker. Frees itself when it has run.
template <class F>
struct CallableJob final : Job, FramePooled {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");

  template <class G>
  CallableJob(G&& callable, Counter* counted_by, Domain& counted_in)
      : Job{&CallableJob::run, nullptr}, link{this, nullptr}, counter(counted_by), domain(counted_in), function(std::forward<G>(callable)) {}

  static void run(Job* job) noexcept {
    auto* const self = static_cast<CallableJob*>(job);
    Counter* const counter = self->counter;
    Domain& domain = self->domain;
    std::exception_ptr error;
    try {
      static_cast<void>(self->function());
    } catch (...) {
      error = std::current_exception();
    }
    delete self;  // before the count: a waiter may rely on the closure's destructor having run
    finish_job(counter, domain, std::move(error));
  }

  JobLink link;
  Counter* counter;
  Domain& domain;
  F function;
};

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Makes `work` (a task, a callable, or a callable that returns a task) run on `target`.
template <class Work>
void spawn_on(const SpawnTarget& target, Work&& work, Counter* counter, const SpawnOptions& options) {
  using Bare = std::remove_cvref_t<Work>;
  if constexpr (IsTask<Bare>) {
    static_assert(!std::is_lvalue_reference_v<Work>, "a Task is awaited or spawned once: spawn(std::move(task), ...)");
    if (!work) throw_empty_task();
    start_root(work.handle().promise(), counter, target, options);
    static_cast<void>(work.release());  // the frame belongs to itself now
  } else if constexpr (TaskFunction<Bare>) {
    spawn_on(target, invoke_task<Bare>(std::forward<Work>(work)), counter, options);
  } else {
    static_assert(JobFunction<Bare>, "spawn takes a Task, or something that can be called without arguments");
    auto* const job = new CallableJob<Bare>(std::forward<Work>(work), counter, *target.domain);
    if (counter != nullptr) counter->add();
    target.domain->root_started(1);
    target.executor->post(job->link, options.priority);
  }
}

template <class Make>
void spawn_batch_on(const SpawnTarget& target, std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options) {
  for (std::size_t i = 0; i < count; ++i) spawn_on(target, make(i), &counter, options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs `work` on this runtime, counted by `counter`, concurrently with the caller.
///
/// Pre:      called on a worker; from elsewhere use Runtime::spawn.
/// Lifetime: `counter` outlives the work. A callable is moved in and destroyed before the counter goes down.
/// Errors:   UsageError outside a runtime, std::bad_alloc; what the work throws is thrown by `co_await counter`.
/// Cost:     a callable: one block from the frame cache, one push, one atomic add. A Task: no block.
/// Example:  samples/03_counter.cpp
template <class Work>
void spawn(Work&& work, Counter& counter, const SpawnOptions& options = {}) {
  detail::spawn_on(detail::target_here(), std::forward<Work>(work), &counter, options);
}

/// Runs `work` on this runtime; nobody waits for it but the runtime's shutdown.
///
/// Errors: UsageError outside a runtime, std::bad_alloc; what the work throws goes to RuntimeOptions::on_unhandled.
template <class Work>
void spawn_detached(Work&& work, const SpawnOptions& options = {}) {
  detail::spawn_on(detail::target_here(), std::forward<Work>(work), nullptr, options);
}

/// Spawns `make(0)`, ..., `make(count - 1)`, each a task or a callable, counted by `counter`.
///
/// Errors: as spawn. If the i-th cannot be made or spawned, those before it run and are counted, and the exception leaves here.
template <class Make>
  requires std::invocable<Make&, std::size_t>
void spawn_batch(std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options = {}) {
  detail::spawn_batch_on(detail::target_here(), count, std::forward<Make>(make), counter, options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
