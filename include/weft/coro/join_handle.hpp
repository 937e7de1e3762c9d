/// @file
/// JoinHandle<T>: the result of something spawned.
#pragma once

#include <concepts>
#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/spawn.hpp>

namespace weft::inline v0 {

namespace detail {

/// What a JoinHandle and its task share.
template <class T>
struct JoinState {
  explicit JoinState(std::shared_ptr<const UnhandledHandler> handler) noexcept : unhandled(std::move(handler)) {}
  JoinState(const JoinState&) = delete;
  JoinState& operator=(const JoinState&) = delete;
  ~JoinState() {
    // Nobody waits any more: the handle was dropped, or the work could not even be spawned.
    if (!done.is_complete()) done.sub();
    if (outcome.error() && !is_taken) (*unhandled)(outcome.error());
  }

  T take() {
    is_taken = true;
    return std::move(outcome).get();
  }

  std::shared_ptr<const UnhandledHandler> unhandled;
  bool is_taken = false;
  Counter done{1};
  Outcome<T> outcome;
};

}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Waits for a spawned task or job and gives its result, once.
///
/// Threads:  one at a time.
/// Lifetime: dropping the handle detaches the work; what it throws, or has thrown, then goes to RuntimeOptions::on_unhandled.
///           The handle may outlive the runtime.
/// Errors:   what the work threw. UsageError when it is empty, or wait() is called on a worker. A stop request does not end the
///           waiting: ask the work to stop (SpawnOptions::stop).
/// Cost:     one shared block beside the work itself, and for a task one more coroutine frame.
/// Example:  samples/05_spawn_and_join.cpp
template <class T>
class [[nodiscard("co_await the handle, call wait(), or use spawn_detached")]] JoinHandle {
 public:
  JoinHandle() = default;

  /// Suspends until the work has ended.
  auto operator co_await() && { return Awaiter(take()); }
  void operator co_await() & = delete;  // the result is taken once: co_await std::move(handle)

  /// Blocks this thread until the work has ended.
  T wait() {
    if (state_ != nullptr) detail::wait_for(state_->done, "JoinHandle::wait");
    return take()->take();
  }

  /// Whether the work has ended.
  [[nodiscard]] bool is_done() const noexcept { return state_ != nullptr && state_->done.is_complete(); }

  /// For spawn.
  explicit JoinHandle(std::shared_ptr<detail::JoinState<T>> state) noexcept : state_(std::move(state)) {}

 private:
  class [[nodiscard]] Awaiter {
   public:
    explicit Awaiter(std::shared_ptr<detail::JoinState<T>> state) noexcept
        : state_(std::move(state)), counter_(state_->done) {}
    [[nodiscard]] bool await_ready() noexcept { return counter_.await_ready(); }
    bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return counter_.await_suspend(awaiting); }
    T await_resume() { return state_->take(); }

   private:
    std::shared_ptr<detail::JoinState<T>> state_;
    detail::CounterAwaiter counter_;
  };

  std::shared_ptr<detail::JoinState<T>> take() {
    if (state_ == nullptr) throw UsageError("weft: this JoinHandle is empty, or its result has been taken already");
    return std::exchange(state_, nullptr);
  }

  std::shared_ptr<detail::JoinState<T>> state_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE

namespace detail {

/// A callable that has a handle.
template <class F, class T>
struct JoinedCall {
  void settle() {
    state->outcome.emplace_from([this]() -> T {
      F once(std::move(function));  // gone before the count
      return once();
    });
  }
  void operator()() {
    settle();
    state->done.sub();
  }

  F function;
  std::shared_ptr<JoinState<T>> state;
};

inline namespace WEFT_ASSERTS_NAMESPACE {
/// The same that belongs to a frame.
template <class F, class T>
struct FrameJoinedCall {
  void operator()() {
    call.settle();
    member.end();
    call.state->done.sub();
  }

  FrameMember member;
  JoinedCall<F, T> call;
};
}  // namespace WEFT_ASSERTS_NAMESPACE

inline namespace WEFT_TRANSFER_NAMESPACE {

template <class T>
Task<> join_task(Task<T> work, std::shared_ptr<JoinState<T>> state) {
  {
    Settled<T> settled(std::move(work));
    Outcome<T> outcome = co_await settled;
    // Not assigned: to move the result may throw, and that is an outcome too.
    state->outcome.emplace_from([&outcome]() -> T { return std::move(outcome).get(); });
  }  // before the count: whoever joins may rely on the work's destructors having run
  state->done.sub();
}

template <class Work>
auto spawn_joinable(const SpawnTarget& from, Work&& work, const SpawnOptions& options) {
  using Bare = std::decay_t<Work>;
  const SpawnTarget target = target_for(from, options);
  if constexpr (IsTask<Bare>) {
    static_assert(!std::is_lvalue_reference_v<Work>, "a Task is awaited or spawned once: spawn(std::move(task))");
    if (!work) throw_empty_task();
    using T = typename Bare::value_type;
    auto state = std::make_shared<JoinState<T>>(target.domain->unhandled_handler());
    if (FrameArena* const arena = frame_of(target, options)) {
      FrameMember member(*arena, options.frame.where());
      // Within the task that is joined: the handle is done after the end of the work, and so of its belonging to the frame.
      auto belonging = belong_to_frame(std::move(member), std::forward<Work>(work));
      spawn_on(target, join_task<T>(std::move(belonging), state), nullptr, without_frame(options));
    } else {
      spawn_on(target, join_task<T>(std::forward<Work>(work), state), nullptr, options);
    }
    return JoinHandle<T>(std::move(state));
  } else if constexpr (TaskFunction<Bare>) {
    return spawn_joinable(from, invoke_task<Bare>(std::forward<Work>(work)), options);
  } else {
    static_assert(JobFunction<Bare>, "spawn takes a Task, or something that can be called without arguments");
    using T = std::invoke_result_t<Bare&>;
    auto state = std::make_shared<JoinState<T>>(target.domain->unhandled_handler());
    if (FrameArena* const arena = frame_of(target, options)) {
      using Call = FrameJoinedCall<Bare, T>;
      FrameMember member(*arena, options.frame.where());
      spawn_job<Call>(target, Call{std::move(member), {std::forward<Work>(work), state}}, nullptr, options.priority);
    } else {
      using Call = JoinedCall<Bare, T>;
      spawn_job<Call>(target, Call{std::forward<Work>(work), state}, nullptr, options.priority);
    }
    return JoinHandle<T>(std::move(state));
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs `work` on this runtime, concurrently with the caller, and returns a handle to its result.
///
/// Errors: UsageError outside a runtime, std::bad_alloc.
/// Example: samples/05_spawn_and_join.cpp
template <class Work>
[[nodiscard("co_await the handle, or use spawn_detached")]] auto spawn(Work&& work, const SpawnOptions& options = {}) {
  return detail::spawn_joinable(detail::target_here("spawn was called", "Runtime::spawn"), std::forward<Work>(work), options);
}

/// The same, to start in an arena: `spawn(on(arena), work)`. From any thread. Errors: as Runtime::spawn.
template <class Work>
  requires(!std::derived_from<std::remove_cvref_t<Work>, Counter>)
[[nodiscard("co_await the handle, or use spawn_detached")]] auto spawn(Placement where, Work&& work, const SpawnOptions& options = {}) {
  return detail::spawn_joinable(where.place.open_target(), std::forward<Work>(work), options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
