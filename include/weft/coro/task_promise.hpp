/// @file
/// The promise of Task: what happens at start, return, throw and destroy. lib/coro/README.md tells who owns the frame when.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/base/atomic.hpp>
#include <weft/base/job.hpp>
#include <weft/base/priority.hpp>
#include <weft/coro/join.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

class Counter;

namespace detail {

/// The meeting point of the children of one fork; lives in the parent's coroutine frame.
struct Join {
  explicit Join(std::uint32_t children, bool stops = true) noexcept
      : scope(nullptr), credits(children), stops_on_error(stops) {}

  StopScope scope;
  Job* parent;  // set when it forks
  BasicCredits<> credits;
  bool stops_on_error;  // a failed child asks its siblings to stop
};

/// The part of a task's promise that does not depend on its result.
struct PromiseBase {
  enum : std::uintptr_t {
    kRoot = 1,       // spawned: finish_root() owns the frame; the rest of the word is a Counter*, or 0 when detached
    kOwnsScope = 2,  // and `scope` was made for this task
    kMoved = 4,      // it has changed its priority: whoever goes on after it gets `home_priority` back
  };

  enum class State : std::uint8_t { Pending, Value, Error };

  // Set by whoever starts the task, so that creating it stays cheap.
  struct Successor {
    Job* awaiter;  // awaited: who goes on when it ends
    Job* sibling;  // child of a fork: the one to be popped next if nobody stole it
  };
  union {
    JobLink link;  // root: the node it waits in before it starts
    Successor successor;
  };
  std::uintptr_t end;  // 0: awaited; a Join*; or kRoot and its bits; with kMoved in any of these
  StopScope* scope;
  std::uint32_t credit;  // children of the same Join that this chain has finished, this one included
  // Set by the task itself.
  State state = State::Pending;
  Priority home_priority;  // with kMoved: what it ran with before
  union {
    std::exception_ptr error;  // in State::Error
  };

  PromiseBase() noexcept {}  // not defaulted: most members stay unset until the task is started
  ~PromiseBase() {
    if (state == State::Error) [[unlikely]] drop_error();
  }
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  [[nodiscard]] bool has_value() const noexcept { return state == State::Value; }

  /// Keeps the exception that is being handled, and asks the siblings in a fork to stop.
  WEFT_API void fail() noexcept;
  /// The exception, or null; it is not kept.
  [[nodiscard]] WEFT_API std::exception_ptr take_error() noexcept;
  [[noreturn]] WEFT_API void rethrow();

  [[nodiscard]] std::coroutine_handle<PromiseBase> handle() noexcept {
    return std::coroutine_handle<PromiseBase>::from_promise(*this);
  }

  WEFT_API void drop_error() noexcept;

  /// Notes that the task changes its priority; see kMoved.
  void move_to(Priority to, Priority from) noexcept {
    if ((end & kMoved) == 0) home_priority = from;
    end = to == home_priority ? end & ~std::uintptr_t{kMoved} : end | kMoved;
  }

  /// The scope that a coroutine belongs to; none for coroutines of other libraries.
  template <class Promise>
  static StopScope* scope_of(std::coroutine_handle<Promise> h) noexcept {
    if constexpr (std::is_base_of_v<PromiseBase, Promise>) {
      return h.promise().scope;
    } else {
      const WorkerContext* const worker = current_worker();
      return worker != nullptr ? worker->domain : nullptr;
    }
  }
};

/// Ends a spawned task: hands on its error, destroys its frame, counts it off.
WEFT_API void finish_root(PromiseBase& promise) noexcept;

/// Ends a task that is a root or has changed its priority. Returns whom to hand the thread to, or null.
[[nodiscard]] WEFT_API Job* finish_unusual(PromiseBase& promise) noexcept;

/// Ends a child whose chain could not go on with its sibling: pay_in() of join.hpp.
WEFT_API Job* finish_child(PromiseBase& child) noexcept;

/// The same when a pop has been opened that did not find the sibling: pay_in_pop().
WEFT_API Job* finish_child_in_pop(PromiseBase& child) noexcept;

/// The child of a fork as join.hpp sees it.
struct ForkChild {
  using Job = v0::Job;

  PromiseBase& promise;

  [[nodiscard]] WEFT_ALWAYS_INLINE Job* sibling() const noexcept { return promise.successor.sibling; }
  [[nodiscard]] WEFT_ALWAYS_INLINE WorkerContext* worker() const noexcept { return current_worker(); }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* parent() const noexcept { return join().parent; }
  [[nodiscard]] WEFT_ALWAYS_INLINE std::uint32_t credit() const noexcept { return promise.credit; }
  [[nodiscard]] WEFT_ALWAYS_INLINE BasicCredits<>& credits() const noexcept { return join().credits; }
  WEFT_ALWAYS_INLINE void hand_credit_to(Job* sibling) const noexcept {
    std::coroutine_handle<PromiseBase>::from_address(sibling).promise().credit = promise.credit + 1;
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* pay() const noexcept { return finish_child(promise); }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* pay_in_pop() const noexcept { return finish_child_in_pop(promise); }

 private:
  [[nodiscard]] WEFT_ALWAYS_INLINE Join& join() const noexcept { return *reinterpret_cast<Join*>(promise.end); }
};

/// Errors: UsageError, always.
[[noreturn]] WEFT_API void throw_empty_task();
[[noreturn]] WEFT_API void throw_fork_awaited_twice();

/// The operator new and delete of every promise: the worker's frame cache.
struct FramePooled {
  static void* operator new(std::size_t bytes) {
    if (WorkerContext* const worker = current_worker()) [[likely]] return worker->frames.allocate(bytes);
    return frame_memory_allocate(FrameCache::rounded(bytes));
  }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    if (WorkerContext* const worker = current_worker()) [[likely]] {
      worker->frames.free(frame, bytes);
    } else {
      frame_memory_free(frame, FrameCache::rounded(bytes));
    }
  }
};

/// The storage of a task's result.
template <class T>
struct ResultSlot : PromiseBase {
  using Stored = std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::remove_cv_t<T>>;
  // The compilers do not honour a larger alignment inside a coroutine frame.
  static_assert(std::is_reference_v<T> || alignof(Stored) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a Task cannot return an over-aligned type by value: return a std::unique_ptr to it");

  union {
    Stored value;
  };

  ResultSlot() noexcept {}
  ~ResultSlot() { drop_value(); }

  template <class U = T>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& result) noexcept(std::is_nothrow_constructible_v<T, U&&> || std::is_reference_v<T>) {
    if constexpr (std::is_reference_v<T>) {
      value = std::addressof(static_cast<T>(result));
    } else {
      std::construct_at(std::addressof(value), std::forward<U>(result));
    }
    state = State::Value;
  }

  /// An exception after all: the destructor of a local threw when the result was there already.
  void drop_value() noexcept {
    if constexpr (!std::is_trivially_destructible_v<Stored>) {
      if (has_value()) value.~Stored();
    }
  }

  /// The result where it is. Pre: has_value().
  std::remove_reference_t<T>& result() noexcept {
    if constexpr (std::is_reference_v<T>) {
      return *value;
    } else {
      return value;
    }
  }

  /// Takes the result out, or throws what the task threw.
  T take() {
    if (!has_value()) [[unlikely]] rethrow();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*value);
    } else {
      return std::move(value);
    }
  }
};

template <>
struct ResultSlot<void> : PromiseBase {
  void return_void() noexcept { state = State::Value; }
  static void drop_value() noexcept {}
  void take() {
    if (!has_value()) [[unlikely]] rethrow();
  }
};

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// The last suspension of a task: decides who runs next.
struct FinalAwaiter {
  static constexpr bool await_ready() noexcept { return false; }
  static constexpr void await_resume() noexcept {}

  template <class Promise>
  WEFT_ALWAYS_INLINE static Transfer await_suspend(std::coroutine_handle<Promise> h) noexcept {
    Job* const self = job_of(h);
    PromiseBase& promise = h.promise();
    const std::uintptr_t end = promise.end;
    if (end == 0) return transfer_to(self, promise.successor.awaiter);
    const auto run_if = [self](Job* next) noexcept { return next != nullptr ? transfer_to(self, next) : return_to_loop(); };
    if ((end & (PromiseBase::kRoot | PromiseBase::kMoved)) == 0) [[likely]] {
      return after_child(ForkChild{promise}, [self](Job* next) noexcept { return transfer_to(self, next); }, run_if);
    }
    Job* const next = detail::finish_unusual(promise);
    // ---- the frame may be gone (L4) ----
    return run_if(next);
  }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
