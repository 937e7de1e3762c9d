/// @file
/// Task<T>: the type users write.
#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/coro/task_promise.hpp>

// Lets clang pass and return a Task in a register, like the pointer it is: no temporary in the caller's frame is left to be
// destroyed after a suspension. The calling convention is clang's own, which the name of the transfer namespace says.
#if defined(__clang__)
#define WEFT_TASK_ABI [[clang::trivial_abi]]
#else
#define WEFT_TASK_ABI
#endif

namespace weft::inline v0 {

inline namespace WEFT_TRANSFER_NAMESPACE {
template <class T>
class Task;
}  // namespace WEFT_TRANSFER_NAMESPACE

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

WEFT_KEEPS_REGISTERS void destroy_unawaited(std::coroutine_handle<> task) noexcept { task.destroy(); }

/// What the awaiting coroutine holds while a task runs.
template <class T>
class [[nodiscard]] TaskAwaiter {
 public:
  using Promise = typename Task<T>::promise_type;

  explicit TaskAwaiter(Task<T>&& task) noexcept : task_(std::move(task)) {}

  static constexpr bool await_ready() noexcept { return false; }

  // Lives in: the awaiting frame (L3). Woken by: the final suspension of the task.
  template <class Awaiting>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    return start_in(PromiseBase::scope_of(awaiting), job_of(awaiting));
  }

  /// Starts the task in a scope inside that of whoever awaits it.
  WEFT_ALWAYS_INLINE Transfer start_in(StopScope* scope, Job* awaiting) {
    if (!task_) [[unlikely]] detail::throw_empty_task();
    task_.handle().promise().as_awaited(awaiting, scope);
    return transfer_to(awaiting, job_of(task_.handle()));
  }

  /// The frame goes as soon as the result has been taken out of it.
  T await_resume() {
    if constexpr (std::is_void_v<T>) {
      task_.handle().promise().take();
      task_.reset();
    } else if constexpr (std::is_reference_v<T>) {
      T result = task_.handle().promise().take();
      task_.reset();
      return static_cast<T>(result);
    } else {
      std::remove_cv_t<T> result = task_.handle().promise().take();
      task_.reset();
      return result;
    }
  }

 private:
  Task<T> task_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A coroutine that starts when it is awaited, runs on whatever worker awaits it, and hands its result to the awaiter.
///
/// Pre:      awaited at most once (a second time throws UsageError), with co_await, or handed to spawn, when_all, Runtime::run, ...
/// Threads:  one at a time.
/// Resumes:  on the thread that finished it, which is usually the one that awaited it. An awaitable of another library may go on, on a
///           thread of that library: there forks and loops run one after another, and spawn throws UsageError, until
///           `co_await resume_on(rt.executor())`.
/// Lifetime: reference parameters and, for a lambda, its closure must outlive the task (L1, L2): pass by value, or pass
///           the lambda itself to spawn. The frame, with parameters that were passed by value, goes when `co_await` returns, so a
///           result must not refer to them. Destroying a task that never started, or is suspended, destroys its frame.
/// Errors:   an exception that leaves the coroutine is thrown by the co_await.
/// Cost:     one coroutine frame from the worker's cache; awaiting a ready task costs about as much as a virtual call.
/// Example:  samples/01_hello_task.cpp
template <class T = void>
class WEFT_TASK_ABI [[nodiscard("co_await the task, or hand it to spawn, when_all or Runtime::run: it does nothing by itself")]] Task {
 public:
  using value_type = T;

  struct promise_type final : detail::ResultSlot<T>, detail::FramePooled {
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static detail::FinalAwaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept {
      this->drop_value();
      detail::PromiseBase::fail(job_of(std::coroutine_handle<promise_type>::from_promise(*this)));
    }
  };
  using Handle = std::coroutine_handle<promise_type>;

  /// An empty task, to be assigned to. Awaiting it is refused.
  Task() noexcept = default;
  Task(Task&& other) noexcept : handle_(in_register(std::exchange(other.handle_, nullptr))) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  /// Mostly there is nothing left to do: who awaits a task takes it out.
  ~Task() {
    if (handle_) [[unlikely]] detail::destroy_unawaited(handle_);
  }

  /// Destroys the coroutine, if there is one, and leaves the task empty.
  WEFT_ALWAYS_INLINE void reset() noexcept {
    if (handle_) handle_.destroy();
    handle_ = nullptr;
  }

  /// Whether there is a coroutine in it.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  /// Gives the coroutine away; for code that drives tasks itself. Before it is resumed it must be told how it ends:
  /// `handle.promise().as_awaited(job, scope)`, where the job is what runs next.
  [[nodiscard]] WEFT_ALWAYS_INLINE Handle release() noexcept { return in_register(std::exchange(handle_, nullptr)); }
  /// The coroutine, still owned by the task; as release().
  [[nodiscard]] Handle handle() const noexcept { return handle_; }

 private:
  explicit Task(Handle handle) noexcept : handle_(handle) {}

  /// gcc would move two neighbouring tasks as one vector, which stalls on the two scalar stores that made them.
  WEFT_ALWAYS_INLINE static Handle in_register(Handle handle) noexcept {
#if !defined(__clang__)
    void* address = handle.address();
    asm("" : "+r"(address));
    return Handle::from_address(address);
#else
    return handle;
#endif
  }

  Handle handle_;
};

/// Starts the task and suspends the caller until it ends.
template <class T>
detail::TaskAwaiter<T> operator co_await(Task<T>&& task) noexcept {
  return detail::TaskAwaiter<T>(std::move(task));
}
template <class T>
void operator co_await(Task<T>& task) = delete;  // a task is awaited once: co_await std::move(task)

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
