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
#include <weft/coro/callable_job.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/frame_work.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/spawn_place.hpp>
#include <weft/coro/task.hpp>

namespace weft::inline v0 {

/// How a spawned task or job runs. All members have defaults: `{.priority = Priority::High}`.
struct SpawnOptions {
  Priority priority = Priority::Normal;
  /// Stops a spawned task when it is signalled, beside Runtime::shutdown(Cancel); see this_task::stop_token. A plain callable cannot be
  /// asked, and runs to its end. Cost: a few allocations per task, if it can be signalled at all.
  std::stop_token stop = {};
  /// `true`: the work belongs to the frame of the program that runs now, and will have ended when Runtime::next_frame is called, which checks
  /// it. The closure of a callable then lives in the runtime's FrameArena, unless there is a JoinHandle for it, or a TaskGroup. A task's
  /// coroutine frame, which exists before it is spawned, stays where it is; it costs one more. In sync_wait, which has no frames, nothing changes.
  /// Wait for it by a Counter, a handle or a group: when detached work has been counted off nobody can tell.
  FrameOption frame = {};
  /// Where it starts, if that has time: `{.arena = &arena}`, or `spawn(on(arena), ...)`; this one counts if there are both. It may be of another
  /// runtime, which then runs the work and counts it. Null: on this worker, or, from outside, on any.
  SpawnPlace* arena = nullptr;
};

namespace detail {

[[noreturn]] WEFT_API void throw_no_runtime(const char* mistake, const char* instead);
[[noreturn]] WEFT_API void throw_foreign_arena();

/// The runtime of the worker that runs this code. Errors: UsageError outside any runtime, in which `mistake` is what was done there,
/// and `instead` what to call there.
[[nodiscard]] inline SpawnTarget target_here(const char* mistake, const char* instead) {
  const WorkerContext* const worker = current_worker();
  if (worker == nullptr) [[unlikely]] throw_no_runtime(mistake, instead);
  return {worker->executor, worker->domain};
}

/// Makes a task one whose frame finish_root() will free, in `scope` (null: the domain itself).
///
/// Errors: std::bad_alloc; then the task may still be destroyed as one that was never started.
WEFT_API void prepare_root(PromiseBase& promise, const SpawnTarget& target, Counter* counter, const std::stop_token& stop,
                           StopScope* scope = nullptr);

/// The arena of what is spawned on `target`, if it is to belong to a frame, or null.
[[nodiscard]] inline FrameArena* frame_of(const SpawnTarget& target, const SpawnOptions& options) noexcept {
  return options.frame ? target.domain->frame_arena() : nullptr;
}

/// For what is spawned in the place of work whose frame and arena have been seen to.
[[nodiscard]] inline SpawnOptions without_frame(SpawnOptions options) noexcept {
  options.frame = {};
  options.arena = nullptr;
  return options;
}

/// Starts a task after prepare_root(). The caller has released it before: it owns itself.
WEFT_API void post_root(PromiseBase& promise, const SpawnTarget& target, Counter* counter, Priority priority) noexcept;

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Makes `work` (a task, a callable, or a callable that returns a task) run on `target`.
template <class Work>
void spawn_on(const SpawnTarget& from, Work&& work, Counter* counter, const SpawnOptions& options) {
  using Bare = std::decay_t<Work>;
  const SpawnTarget target = target_for(from, options);
  if constexpr (IsTask<Bare>) {
    static_assert(!std::is_lvalue_reference_v<Work>, "a Task is awaited or spawned once: spawn(std::move(task), ...)");
    if (!work) throw_empty_task();
    if (FrameArena* const arena = frame_of(target, options)) {
      FrameMember member(*arena, options.frame.where());
      spawn_on(target, belong_to_frame(std::move(member), std::forward<Work>(work)), counter, without_frame(options));
      return;
    }
    PromiseBase& promise = work.handle().promise();
    prepare_root(promise, target, counter, options.stop);
    static_cast<void>(work.release());
    post_root(promise, target, counter, options.priority);
    // ---- the task may be running, or gone, and with it whoever held `work` (L4) ----
  } else if constexpr (TaskFunction<Bare>) {
    spawn_on(from, invoke_task<Bare>(std::forward<Work>(work)), counter, options);
  } else {
    static_assert(JobFunction<Bare>, "spawn takes a Task, or something that can be called without arguments");
    if (FrameArena* const arena = frame_of(target, options)) {
      spawn_frame_job<Bare>(target, *arena, std::forward<Work>(work), counter, options.priority, options.frame.where());
    } else {
      spawn_job<Bare>(target, std::forward<Work>(work), counter, options.priority);
    }
  }
}

template <class Make>
void spawn_batch_on(const SpawnTarget& from, std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options) {
  using Bare = std::decay_t<std::invoke_result_t<Make&, std::size_t>>;
  if constexpr (!JobFunction<Bare>) {
    for (std::size_t i = 0; i < count; ++i) spawn_on(from, make(i), &counter, options);
  } else {
    const SpawnTarget target = target_for(from, options);
    JobBatch batch(target, counter, options.priority);
    if (FrameArena* const arena = frame_of(target, options)) {
      for (std::size_t i = 0; i < count; ++i) batch.add_to_frame<Bare>(*arena, make(i), options.frame.where());
    } else {
      for (std::size_t i = 0; i < count; ++i) batch.add<Bare>(make(i));
    }
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs `work` on this runtime, counted by `counter`, concurrently with the caller.
///
/// Pre:      called on a worker; from elsewhere use Runtime::spawn.
/// Lifetime: `counter` outlives the work. A callable is moved in and destroyed before the counter goes down.
/// Errors:   UsageError outside a runtime, std::bad_alloc; what the work throws is thrown by `co_await counter`.
/// Cost:     a callable: one block from the frame cache, one push, one atomic add. A Task: no block (but see SpawnOptions::stop).
/// Example:  samples/03_counter.cpp
template <class Work>
void spawn(Work&& work, Counter& counter, const SpawnOptions& options = {}) {
  detail::spawn_on(detail::target_here("spawn was called", "Runtime::spawn"), std::forward<Work>(work), &counter, options);
}

/// Runs `work` on this runtime; nobody waits for it but the runtime's shutdown.
///
/// Errors: UsageError outside a runtime, std::bad_alloc; what the work throws goes to RuntimeOptions::on_unhandled, unless it is an
///         OperationCancelled.
template <class Work>
void spawn_detached(Work&& work, const SpawnOptions& options = {}) {
  const detail::SpawnTarget target = detail::target_here("spawn_detached was called", "Runtime::spawn_detached");
  detail::spawn_on(target, std::forward<Work>(work), nullptr, options);
}

/// Spawns `make(0)`, ..., `make(count - 1)`, each a task or a callable, counted by `counter`.
///
/// Pre:      as spawn. `make` is called here, in this order.
/// Lifetime: as spawn.
/// Errors:   as spawn. If the i-th cannot be made or spawned, those before it run and are counted, and the exception leaves here.
/// Cost:     per callable one block from the frame cache; per 64 of them one push, one atomic add and one look for sleepers.
template <class Make>
  requires std::invocable<Make&, std::size_t>
void spawn_batch(std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options = {}) {
  const detail::SpawnTarget target = detail::target_here("spawn_batch was called", "Runtime::spawn_batch");
  detail::spawn_batch_on(target, count, std::forward<Make>(make), counter, options);
}

/// The same, to start in an arena: `spawn(on(arena), work, counter)`. From any thread.
///
/// Errors: as Runtime::spawn.
template <class Work>
void spawn(Placement where, Work&& work, Counter& counter, const SpawnOptions& options = {}) {
  detail::spawn_on(where.place.open_target(), std::forward<Work>(work), &counter, options);
}
template <class Work>
void spawn_detached(Placement where, Work&& work, const SpawnOptions& options = {}) {
  detail::spawn_on(where.place.open_target(), std::forward<Work>(work), nullptr, options);
}
template <class Make>
  requires std::invocable<Make&, std::size_t>
void spawn_batch(Placement where, std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options = {}) {
  detail::spawn_batch_on(where.place.open_target(), count, std::forward<Make>(make), counter, options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
