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
#include <weft/fiber/fiber.hpp>

namespace weft::inline v0 {

class Counter;

namespace detail {

/// The meeting point of the children of one fork; lives in the parent's coroutine frame.
struct Join {
  explicit Join(std::uint32_t children) noexcept : scope(), credits(children) {}
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() {}

  union {
    StopScope scope;  // put into the parent's when it forks; destroyed by the fork
  };
  Job* parent;  // set when it forks
  BasicCredits<> credits;
};

/// The part of a task's promise that does not depend on its result.
///
/// Whoever starts the task says with as_awaited(), as_child() or as_root() how it ends; creating it stays cheap.
class PromiseBase {
 public:
  enum class State : std::uint8_t { Pending, Value, Error };

  /// How a task ends: the low bits of `end_`, the rest of which is the scope that the task is in.
  enum End : std::uintptr_t {
    kChild = 0,      // of a fork, with a sibling that is popped next if nobody stole it; the scope is the fork's Join
    kLastChild = 1,  // of a fork, without
    kAwaited = 2,    // its awaiter goes on
    kRoot = 3,       // spawned: finish_root() owns the frame
    // It has changed its priority: whoever goes on after it gets `status_.home` back.
    kMovedChild = 4,
    kMovedAwaited = 5,
    kEndBits = 7,
  };

  PromiseBase() noexcept {}  // not defaulted: most members stay unset until the task is started
  ~PromiseBase() {
    if (state() == State::Error) [[unlikely]] drop_error();
  }
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  // ---- by whoever starts it ----

  WEFT_ALWAYS_INLINE void as_awaited(Job* awaiter, StopScope* scope) noexcept {
    successor_.next = awaiter;
    end_ = reinterpret_cast<std::uintptr_t>(scope) | kAwaited;
  }

  /// @param sibling  the child after it, or null
  WEFT_ALWAYS_INLINE void as_child(Join& join, Job* sibling) noexcept {
    if (sibling != nullptr) successor_.next = sibling;
    end_ = reinterpret_cast<std::uintptr_t>(&join.scope) | (sibling != nullptr ? kChild : kLastChild);
  }

  void as_root(StopScope* scope, bool owns_scope, Counter* counter) noexcept {
    successor_.link = JobLink{job_of(handle()), nullptr};
    end_ = reinterpret_cast<std::uintptr_t>(scope) | kRoot;
    root_ = reinterpret_cast<std::uintptr_t>(counter) | static_cast<std::uintptr_t>(owns_scope);
  }

  /// Of a child that was not queued: it has no sibling to be popped.
  void end_alone() noexcept { end_ = (end_ & ~kEndBits) | kLastChild; }

  // ---- from then on ----

  [[nodiscard]] WEFT_ALWAYS_INLINE std::uintptr_t how_it_ends() const noexcept { return end_ & kEndBits; }
  [[nodiscard]] WEFT_ALWAYS_INLINE StopScope* scope() const noexcept { return reinterpret_cast<StopScope*>(end_ & ~kEndBits); }
  /// Of a child: the fork.
  [[nodiscard]] WEFT_ALWAYS_INLINE Join& join() const noexcept { return *reinterpret_cast<Join*>(end_ & ~kEndBits); }
  /// Of a child: the next one; of an awaited task: who awaits it.
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* next() const noexcept { return successor_.next; }
  /// Of a root: the node in which it waits to be started. Of any task that has ended: free for its own use.
  [[nodiscard]] JobLink& link() noexcept { return successor_.link; }
  [[nodiscard]] Counter* counter() const noexcept { return reinterpret_cast<Counter*>(root_ & ~std::uintptr_t{1}); }
  [[nodiscard]] bool owns_scope() const noexcept { return (root_ & 1) != 0; }
  [[nodiscard]] Priority home_priority() const noexcept { return status_.home; }

  /// In a TaskList: the one after it, or null; also while it runs.
  [[nodiscard]] Job* next_in_list() const noexcept { return next_in_list_; }
  void set_next_in_list(Job* next) noexcept { next_in_list_ = next; }

  /// Of a child: how many of its fork have run in this chain, itself included.
  [[nodiscard]] WEFT_ALWAYS_INLINE std::uint32_t credit() const noexcept { return status_.before + 1; }
  WEFT_ALWAYS_INLINE void take_over(std::uint32_t credit) noexcept { status_.before = credit; }

  [[nodiscard]] State state() const noexcept { return status_.state; }
  [[nodiscard]] bool has_value() const noexcept { return status_.state == State::Value; }

  /// Keeps, for the coroutine, the exception that is being handled, and asks the siblings in a fork to stop.
  WEFT_API static void fail(Job* self) noexcept;
  /// The exception, or null; it is not kept.
  [[nodiscard]] WEFT_API std::exception_ptr take_error() noexcept;
  [[noreturn]] WEFT_API void rethrow();

  [[nodiscard]] std::coroutine_handle<PromiseBase> handle() noexcept {
    return std::coroutine_handle<PromiseBase>::from_promise(*this);
  }

  WEFT_API void drop_error() noexcept;

  /// Notes that the task changes its priority.
  WEFT_API void move_to(Priority to, Priority from) noexcept;

  /// The scope that a coroutine or fiber belongs to: a coroutine of another library to the runtime whose worker runs it, or to none.
  template <class Promise>
  static StopScope* scope_of(std::coroutine_handle<Promise> h) noexcept {
    if constexpr (std::is_base_of_v<PromiseBase, Promise> || std::is_same_v<FiberPromise, Promise>) {
      return h.promise().scope();
    } else {
      const WorkerContext* const worker = current_worker();
      return worker != nullptr ? worker->domain : nullptr;
    }
  }

 protected:
  void set_value() noexcept { status_.state = State::Value; }

 private:
  union Successor {
    JobLink link;
    Job* next;
  };
  // What the task itself changes; one store makes it, for there is no padding to be left out.
  struct Status {
    State state = State::Pending;
    Priority home = Priority::High;  // kMovedChild, kMovedAwaited: the priority to go back to
    std::uint8_t unused[2] = {};
    std::uint32_t before = 0;
  };

  Successor successor_;
  std::uintptr_t end_;
  Status status_;
  union {
    std::uintptr_t root_;  // of a root: its Counter*, or null when it is detached; the lowest bit: `scope()` was made for it
    Job* next_in_list_;    // of a task in a TaskList
  };
  union {
    std::exception_ptr error_;  // in State::Error
  };
};

/// Ends a spawned task: hands on its error, destroys its frame, counts it off.
WEFT_API void finish_root(PromiseBase& promise) noexcept;

/// The promise of a task that is known by its job. What is called on a cold path gets the job and not the promise: a second address that
/// is needed there costs the whole coroutine a saved register.
WEFT_ALWAYS_INLINE PromiseBase& promise_of(Job* task) noexcept {
  return std::coroutine_handle<PromiseBase>::from_address(task).promise();
}

/// Ends a task that is a root or has changed its priority. Returns whom to hand the thread to, or null.
[[nodiscard]] WEFT_API Job* finish_unusual(Job* task) noexcept;

/// Ends a child whose chain could not go on with its sibling: pay_in() of join.hpp.
WEFT_API Job* finish_child(Job* child) noexcept;

/// The same when a pop has been opened that did not find the sibling: pay_in_pop().
WEFT_API Job* finish_child_in_pop(Job* child) noexcept;

/// The child of a fork as join.hpp sees it.
struct ForkChild {
  using Job = v0::Job;

  Job* self;

  [[nodiscard]] WEFT_ALWAYS_INLINE Job* sibling() const noexcept {
    const PromiseBase& promise = promise_of(self);
    return promise.how_it_ends() == PromiseBase::kChild ? promise.next() : nullptr;
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE WorkerContext* worker() const noexcept { return current_worker(); }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* parent() const noexcept { return promise_of(self).join().parent; }
  [[nodiscard]] WEFT_ALWAYS_INLINE std::uint32_t credit() const noexcept { return promise_of(self).credit(); }
  [[nodiscard]] WEFT_ALWAYS_INLINE BasicCredits<>& credits() const noexcept { return promise_of(self).join().credits; }
  WEFT_ALWAYS_INLINE void hand_credit_to(Job* sibling) const noexcept { promise_of(sibling).take_over(credit()); }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* pay() const noexcept { return finish_child(self); }
  [[nodiscard]] WEFT_ALWAYS_INLINE Job* pay_in_pop() const noexcept { return finish_child_in_pop(self); }
};

/// Errors: UsageError, always.
[[noreturn]] WEFT_API void throw_empty_task();
[[noreturn]] WEFT_API void throw_fork_awaited_twice();
[[noreturn]] WEFT_API void throw_list_changed();

/// The operator new and delete of every promise: the worker's frame cache.
struct FramePooled {
  static void* operator new(std::size_t bytes) {
    if (WorkerContext* const worker = current_worker()) [[likely]] return worker->frames.allocate(bytes);
    return frame_memory_allocate(bytes);
  }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    if (WorkerContext* const worker = current_worker()) [[likely]] {
      worker->frames.free(frame, bytes);
    } else {
      frame_memory_free(frame, bytes);
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
    this->set_value();
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
  void return_void() noexcept { set_value(); }
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
    const PromiseBase& promise = h.promise();
    const auto run = [self](Job* next) noexcept { return transfer_to(self, next); };
    const auto run_if = [self](Job* next) noexcept { return next != nullptr ? transfer_to(self, next) : return_to_loop(); };
    const std::uintptr_t end = promise.how_it_ends();
    if (end == PromiseBase::kAwaited) return run(promise.next());
    if (end < PromiseBase::kAwaited) [[likely]] return after_child(ForkChild{self}, run, run_if);
    Job* const next = detail::finish_unusual(self);
    // ---- the frame may be gone (L4) ----
    return run_if(next);
  }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
