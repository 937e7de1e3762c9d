/// @file
/// sync_wait: run a task on this thread, without a runtime.
#pragma once

#include <memory>
#include <utility>

#include <weft/base/executor.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_fiber.hpp>

namespace weft::inline v0 {

namespace detail {

/// A worker without a pool: the calling thread runs what the task forks, spawns and is woken with, until the task ends.
class LocalLoop {
 public:
  /// Errors: UsageError on a worker, std::bad_alloc.
  WEFT_API LocalLoop();
  LocalLoop(const LocalLoop&) = delete;
  LocalLoop& operator=(const LocalLoop&) = delete;
  WEFT_API ~LocalLoop();

  /// Runs `first` until `awaiter()` has been resumed and everything spawned has ended.
  WEFT_API void run(Job* first);

  /// What the task resumes when it ends.
  [[nodiscard]] WEFT_API Job* awaiter() noexcept;
  [[nodiscard]] WEFT_API Domain& domain() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs `task` on the calling thread and blocks until it, and whatever it spawned, has ended. On a fiber: awaits the task.
///
/// Threads:  not on a worker. Everything runs on this thread; a wake-up from another thread brings it back here.
/// Errors:   what the task throws; UsageError on a worker outside a fiber: there, co_await; std::bad_alloc.
/// Cost:     a few allocations; sleeps while there is nothing to run.
template <class T>
T sync_wait(Task<T> task) {
  if (!task) detail::throw_empty_task();
  if (this_fiber::is_one()) return this_fiber::await(std::move(task));
  detail::LocalLoop loop;
  task.handle().promise().as_awaited(loop.awaiter(), &loop.domain());
  loop.run(job_of(task.handle()));
  return task.handle().promise().take();
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
