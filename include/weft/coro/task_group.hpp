/// @file
/// TaskGroup: children whose number is not known beforehand, joined before the group dies.
#pragma once

#include <concepts>
#include <exception>
#include <mutex>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/spawn.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/this_task.hpp>

namespace weft::inline v0 {
namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {
struct GroupAccess;
}

/// The error of a group: the first that is not just the echo of a stop request, or else the first echo.
///
/// Lifetime: one that is a cause and that nobody has taken goes to std::terminate.
class GroupError {
 public:
  GroupError() = default;
  GroupError(const GroupError&) = delete;
  GroupError& operator=(const GroupError&) = delete;
  WEFT_API ~GroupError();

  /// Threads: any.
  WEFT_API void keep(std::exception_ptr error) noexcept;
  /// The error or null; the group starts over. Pre: every child has ended, which the caller knows from the group's counter.
  [[nodiscard]] WEFT_API std::exception_ptr take() noexcept;

 private:
  std::mutex mutex_;
  // ---- guarded by mutex_ while there are children ----
  std::exception_ptr error_;
  bool has_cause_ = false;
};
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs children concurrently with their parent, which joins them. A child that throws asks the others to stop.
///
/// with_task_group makes one that joins by itself, whatever happens; a group that is made by hand has to be joined by hand.
///
/// Threads:  spawn from the parent and from the group's own children; join by the parent, once per round.
/// Lifetime: joined before it is destroyed: destroying it with children alive aborts with a message.
/// Errors:   join throws the first exception of the children (an OperationCancelled only if there is no other). A stop request
///           to the parent reaches the children while it waits in join; with with_task_group at once. A group that has been asked
///           to stop, by request_stop or by a child's error, stays so: children of later rounds see the request too.
/// Cost:     as spawn, and one more coroutine frame per child.
/// Source:   the nurseries of Trio (Nathaniel J. Smith, "Notes on structured concurrency", 2018).
/// Example:  samples/06_task_group.cpp
class TaskGroup {
 public:
  /// Pre: on a worker. Errors: UsageError outside a runtime.
  TaskGroup() : TaskGroup(nullptr) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() {
    WEFT_CHECK(children_.is_complete(), "a TaskGroup was destroyed before its children ended: co_await group.join() first");
  }

  /// Starts a child: a Task<>, a callable, or a callable that returns a task. Its result is dropped.
  ///
  /// Errors: std::bad_alloc; UsageError if SpawnOptions::arena is of another runtime.
  template <class Work>
  void spawn(Work&& work, const SpawnOptions& options = {}) {
    using Bare = std::decay_t<Work>;
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
    if (std::exception_ptr error = error_.take()) std::rethrow_exception(std::move(error));
  }

 private:
  friend struct detail::GroupAccess;

  /// @param around  of the parent, whose domain then counts the children; null: the parent is a coroutine of another library
  explicit TaskGroup(StopScope* around)
      : target_(detail::target_here("a TaskGroup was made", "Runtime::spawn with a Counter")),
        scope_(around != nullptr ? around : target_.domain) {}

  template <class T>
  static Task<> child(TaskGroup* group, Task<T> work) {
    try {
      static_cast<void>(co_await std::move(work));
    } catch (...) {
      group->child_failed(std::current_exception());
    }
  }

  static Task<> child(TaskGroup* group, Task<> work) {
    try {
      co_await std::move(work);
    } catch (...) {
      group->child_failed(std::current_exception());
    }
  }

  template <class F>
  static Task<> call(TaskGroup* group, F function) {
    static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");
    try {
      static_cast<void>(function());
    } catch (...) {
      group->child_failed(std::current_exception());
    }
    co_return;
  }

  /// Keeps the error before the others hear of it: what they throw then is not the cause.
  void child_failed(std::exception_ptr error) noexcept {
    error_.keep(std::move(error));
    scope_.request_stop();
  }

  /// Where a child starts. Errors: UsageError if that is another runtime: who waits for the group would not keep that one alive.
  [[nodiscard]] detail::SpawnTarget target_of_child(const SpawnOptions& options) const {
    if (options.arena != nullptr) {
      const detail::SpawnTarget target = options.arena->open_target();
      if (target.domain != target_.domain) detail::throw_foreign_arena();
      return target;
    }
    // The group may have been made in another arena than that in which the caller is now.
    const WorkerContext* const worker = current_worker();
    return worker != nullptr && worker->domain == target_.domain ? detail::SpawnTarget{worker->executor, worker->domain} : target_;
  }

  void start(Task<> work, const SpawnOptions& options) {
    const detail::SpawnTarget target = target_of_child(options);
    if (FrameArena* const arena = detail::frame_of(target_, options)) {
      detail::FrameMember member(*arena, options.frame.where());
      work = detail::belong_to_frame(std::move(member), std::move(work));
    }
    detail::PromiseBase& promise = work.handle().promise();
    detail::prepare_root(promise, target_, &children_, options.stop, &scope_);
    static_cast<void>(work.release());
    detail::post_root(promise, target, &children_, options.priority);
  }

  detail::SpawnTarget target_;
  StopScope scope_;
  detail::GroupError error_;
  Counter children_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

struct GroupAccess {
  static TaskGroup make(StopScope* around) { return TaskGroup(around); }
  static StopScope& scope(TaskGroup& group) noexcept { return group.scope_; }
  static Counter& children(TaskGroup& group) noexcept { return group.children_; }
  static std::exception_ptr take_error(TaskGroup& group) noexcept { return group.error_.take(); }
};

template <class Body>
using GroupTask = std::invoke_result_t<Body&, TaskGroup&>;

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs `body(group)`, and returns what it returns when the body and all children of the group have ended.
///
/// Whatever leaves the body, its children are joined: `co_await with_task_group([&](TaskGroup& group) -> Task<> { ... })`.
///
/// Threads:  the body runs on this worker, the children on any.
/// Lifetime: body and children may refer to the caller's locals. The closure is kept until the end.
/// Errors:   an exception of the body or of a child asks the body and all children to stop; when all have ended, the
///           body's is thrown, or else the first of the children's (an OperationCancelled only if there is no other). A stop
///           request to the caller reaches the body and all children. UsageError outside a runtime; std::bad_alloc.
/// Cost:     two coroutine frames beside the body's; per child as TaskGroup::spawn.
/// Source:   as TaskGroup.
/// Example:  samples/06_task_group.cpp
template <class Body>
  requires(std::invocable<Body&, TaskGroup&> && IsTask<detail::GroupTask<Body>>)
[[nodiscard("co_await it")]] detail::GroupTask<Body> with_task_group(Body body) {
  static_assert(alignof(Body) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "the body of with_task_group cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");
  using T = typename detail::GroupTask<Body>::value_type;
  StopScope* const around = co_await detail::CurrentScope{};
  TaskGroup group = detail::GroupAccess::make(around);
  // Nothing after this can fail for want of memory, so every child is joined.
  detail::Settled<T> running(invoke_task([&body, &group] { return body(group); }), detail::GroupAccess::scope(group));
  Outcome<T> outcome = co_await running;
  if (!outcome.has_value()) group.request_stop();
  co_await detail::GroupAccess::children(group);
  std::exception_ptr error = detail::GroupAccess::take_error(group);
  const bool is_body_the_cause = outcome.error() && !detail::is_cancellation(outcome.error());
  if (error && !is_body_the_cause) std::rethrow_exception(std::move(error));
  co_return std::move(outcome).get();
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0
