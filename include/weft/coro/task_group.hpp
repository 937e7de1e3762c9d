/// @file
/// TaskGroup: children whose number is not known beforehand, joined before the group dies.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/spawn.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/this_task.hpp>

namespace weft::inline v0 {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs children concurrently with their parent, which joins them. A child that throws asks the others to stop.
///
/// Threads:  spawn from the parent and from the group's own children; join by the parent, once per round.
/// Lifetime: joined before it is destroyed: destroying it with children alive aborts with a message.
/// Errors:   join throws the first exception of the children. A stop request to the parent reaches the children while it
///           waits in join.
/// Cost:     as spawn, and one more coroutine frame per child.
/// Example:  samples/06_task_group.cpp
class TaskGroup {
 public:
  /// Pre: on a worker. Errors: UsageError outside a runtime.
  TaskGroup() : target_(detail::target_here()), scope_(target_.domain) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() {
    WEFT_CHECK(children_.is_complete(), "a TaskGroup was destroyed before its children ended: co_await group.join() first");
  }

  /// Starts a child: a Task<>, a callable, or a callable that returns a task. Its result is dropped.
  template <class Work>
  void spawn(Work&& work, const SpawnOptions& options = {}) {
    using Bare = std::remove_cvref_t<Work>;
    if constexpr (IsTask<Bare>) {
      start(child(this, std::forward<Work>(work)), options);
    } else if constexpr (TaskFunction<Bare>) {
      start(child(this, invoke_task<Bare>(std::forward<Work>(work))), options);
    } else {
      start(call(this, Bare(std::forward<Work>(work))), options);
    }
  }

  /// Asks every child to stop. Threads: any, while the group lives.
  void request_stop() noexcept { scope_.request_stop(); }

  /// Waits until there is no child left, then throws the first exception of them.
  [[nodiscard("co_await it")]] Task<> join() {
    StopScope* const around = co_await detail::CurrentScope{};
    if (around != nullptr && around != target_.domain) {
      const std::stop_callback forward(around->token(), [this]() noexcept { scope_.request_stop(); });
      co_await children_;
    } else {
      co_await children_;
    }
  }

 private:
  template <class T>
  static Task<> child(TaskGroup* group, Task<T> work) {
    try {
      static_cast<void>(co_await std::move(work));
    } catch (...) {
      group->scope_.request_stop();
      throw;
    }
  }

  static Task<> child(TaskGroup* group, Task<> work) {
    try {
      co_await std::move(work);
    } catch (...) {
      group->scope_.request_stop();
      throw;
    }
  }

  template <class F>
  static Task<> call(TaskGroup* group, F function) {
    try {
      static_cast<void>(function());
    } catch (...) {
      group->scope_.request_stop();
      throw;
    }
    co_return;
  }

  void start(Task<> work, const SpawnOptions& options) {
    detail::PromiseBase& promise = work.handle().promise();
    detail::prepare_root(promise, target_, &children_, options.stop, &scope_);
    static_cast<void>(work.release());
    detail::post_root(promise, target_, &children_, options.priority);
  }

  detail::SpawnTarget target_;
  StopScope scope_;
  Counter children_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0
