/// @file
/// A stack on which a job runs, so that it can be suspended in the middle of any function. What users call is in coro/on_fiber.hpp,
/// coro/spawn_fiber.hpp and coro/this_fiber.hpp; lib/fiber/README.md has the states and the proof.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/base/cache_line.hpp>
#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/resume_job.hpp>
#include <weft/base/thread_slot.hpp>
#include <weft/fiber/context.hpp>
#include <weft/fiber/stay_here.hpp>

namespace weft::inline v0 {

class Fiber;
class StopScope;
struct WorkerContext;

namespace detail {

/// What is to happen to a fiber once it has left its stack. Lives on that stack, or, for the last time, in FinalSwitch.
struct AfterSwitch {
  /// Called on the stack of the thread that the fiber was on. Whoever makes the fiber's job known to others does so here: they may resume
  /// it at once, on another thread.
  ///
  /// @return  what the thread runs next: the fiber's own job if it need not wait after all, null for whatever the loop finds
  using Run = Job* (*)(AfterSwitch&, Fiber&) noexcept;

  Run run;
};

/// The worker of this thread, as long as the thread is on its own stack; null on a fiber's, and on a thread that is no worker. For functions
/// that fork onto their stack: they read one variable and know whether that is the usual case.
WEFT_DECLARE_THREAD_SLOT(WorkerContext, forking_worker)

/// Where a fiber that ends leaves what is to happen after it.
class FinalSwitch {
 public:
  template <class After, class... Args>
  void emplace(Args&&... args) noexcept {
    static_assert(sizeof(After) <= sizeof(room_) && alignof(After) <= alignof(void*) && std::is_trivially_destructible_v<After>);
    std::construct_at(reinterpret_cast<After*>(room_), std::forward<Args>(args)...);
  }
  [[nodiscard]] AfterSwitch& get() noexcept { return *std::launder(reinterpret_cast<AfterSwitch*>(room_)); }

 private:
  alignas(void*) std::byte room_[3 * sizeof(void*)];
};

/// What belongs to a thread but is to stay with a fiber: the exceptions that are being handled, errno, and the loop that resumes jobs. While the
/// fiber runs, it holds what the thread had.
struct TravellingState {
  std::uintptr_t exceptions[2] = {};  // as behind __cxa_get_globals()
  int error_number = 0;
  Trampoline* trampoline = nullptr;
  StayHereMark* stay_here = nullptr;
};

/// The stack of the thread that a fiber is on, as the sanitizers want to know it.
struct HostStack {
  const void* begin = nullptr;
  std::size_t bytes = 0;
  void* thread = nullptr;
};

/// What code is compiled with. The library has to tell the same tool of each switch.
enum class Sanitizer : std::uint8_t { None, Address, Thread };

/// Errors: UsageError when the library is not compiled with the same.
WEFT_API void require_sanitizer(Sanitizer of_caller);

/// Called by code that is to run on a fiber of its own, before it does.
WEFT_ALWAYS_INLINE void check_sanitizer() {
#if WEFT_ASAN
  require_sanitizer(Sanitizer::Address);
#elif WEFT_TSAN
  require_sanitizer(Sanitizer::Thread);
#endif
}

/// Where a fiber was spawned and what it is called, for messages.
struct FiberOrigin {
  const char* name = nullptr;
  std::source_location where;
};

/// What a fiber has in the place of a coroutine's promise.
class FiberPromise {
 public:
  [[nodiscard]] StopScope* scope() const noexcept { return scope_; }
  void enter(StopScope* scope) noexcept { scope_ = scope; }

 private:
  StopScope* scope_ = nullptr;
};

}  // namespace detail

/// The control block of a stack. They lie close together, and not on the stacks: what a switch reads is in the cache then.
///
/// It begins like a coroutine frame: the functions, then the promise. So it waits wherever a coroutine can, as
/// `std::coroutine_handle<FiberPromise>`.
///
/// Threads:  the one that runs it, or has taken it from a list.
/// Lifetime: as long as the FiberDepot that it belongs to; it is used again and again.
class alignas(kCacheLine) Fiber {
 public:
  /// Runs on the fiber, and leaves what happens when it has returned. Throws nothing.
  using Main = void (*)(Fiber&, detail::FinalSwitch&);

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Makes ready to run `main` from the beginning of the stack. Then resume its job.
  void begin(Main main, void* argument, StopScope* scope, const detail::FiberOrigin& origin) noexcept {
    main_ = main;
    argument_ = argument;
    origin_ = origin;
    promise_.enter(scope);
    state_.error_number = 0;
    is_painted_ = false;
    self_ = {entry_, stack_end_ - unused_, nullptr, this};
#if WEFT_ASAN || WEFT_TSAN
    annotate_begin();
#endif
  }

  /// What resumes it.
  [[nodiscard]] Job* job() noexcept { return &job_; }
  [[nodiscard]] void* argument() const noexcept { return argument_; }
  [[nodiscard]] StopScope* scope() const noexcept { return promise_.scope(); }
  [[nodiscard]] const detail::FiberOrigin& origin() const noexcept { return origin_; }
  [[nodiscard]] std::byte* stack_begin() const noexcept { return stack_begin_; }
  [[nodiscard]] std::byte* stack_end() const noexcept { return stack_end_; }
  /// What was asked for; there may be more.
  [[nodiscard]] std::size_t stack_size() const noexcept;
  [[nodiscard]] std::coroutine_handle<detail::FiberPromise> handle() noexcept {
    return std::coroutine_handle<detail::FiberPromise>::from_address(&job_);
  }

  /// Fills the stack with a pattern, by which high_water_mark() sees how far it was used. After begin(). Cost: a write to all of the stack.
  WEFT_API void paint() noexcept;
  /// Bytes of the stack that have been used at most since begin(). Errors: UsageError if it was not painted.
  [[nodiscard]] WEFT_API std::size_t high_water_mark() const;

  /// Suspends the fiber, which is the one that runs here, and then calls `after`. Returns when the fiber is resumed.
  WEFT_ALWAYS_INLINE void suspend(detail::AfterSwitch& after) noexcept {
    detail::check_may_suspend();
#if WEFT_ASAN || WEFT_TSAN
    suspend_annotated(after);
#else
    switch_out(after);
#endif
  }

 private:
  friend class FiberDepot;
  friend class FiberCache;
  friend class StackSlab;
  friend struct FiberSwitch;

  class Thread;

  static constexpr std::size_t kResumerOffset = 24;
  static constexpr std::size_t kSelfOffset = 56;

  Fiber(std::byte* stack_begin, std::byte* stack_end, std::uint32_t unused, std::uint32_t size_class, std::uint32_t node) noexcept;

  WEFT_API void annotate_begin() noexcept;
  WEFT_API void suspend_annotated(detail::AfterSwitch& after) noexcept;
  static void resume_fiber(Job* job);
  static void refuse_to_destroy(Job* job);
  detail::AfterSwitch& run_until_switch() noexcept;

  /// From the thread's stack to the fiber's, and back.
  WEFT_ALWAYS_INLINE detail::AfterSwitch& switch_in() noexcept {
    return *static_cast<detail::AfterSwitch*>(detail::switch_stacks<kResumerOffset, kSelfOffset>(this, nullptr));
  }
  WEFT_ALWAYS_INLINE void switch_out(detail::AfterSwitch& after) noexcept {
    detail::switch_stacks<kSelfOffset, kResumerOffset>(this, &after);
  }

  Job job_;
  detail::FiberPromise promise_;
  detail::SwitchContext resumer_;  // of the thread that runs it
  detail::SwitchContext self_;     // while it is suspended
  detail::TravellingState state_;
  Main main_ = nullptr;
  void* argument_ = nullptr;
  // ---- while it is not used ----
  Fiber* next_ = nullptr;
  // ---- when it ends ----
  detail::FinalSwitch final_;
  // ---- never changes ----
  std::byte* const stack_begin_;  // lowest address above the guard
  std::byte* const stack_end_;
  void* const entry_;
  const std::uint16_t size_class_;
  const std::uint16_t node_;
  const std::uint16_t unused_;  // bytes at the end of the stack, above the first frame
  bool is_painted_ = false;
  // ---- for messages and tools ----
  detail::FiberOrigin origin_;
  detail::HostStack host_;
  void* tool_ = nullptr;  // the fiber as ThreadSanitizer knows it, or its stack as Valgrind does
};

namespace detail {
/// The fiber that runs on this thread; null on the thread's own stack.
WEFT_DECLARE_THREAD_SLOT(Fiber, fiber)
}  // namespace detail

/// The fiber that runs this code, or null.
WEFT_ALWAYS_INLINE Fiber* current_fiber() noexcept { return detail::slot_fiber(); }

}  // namespace weft::inline v0
