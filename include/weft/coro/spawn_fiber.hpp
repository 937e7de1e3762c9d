/// @file
/// spawn_fiber: work in blocking style that is not awaited on the spot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <weft/coro/callable_job.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/on_fiber.hpp>
#include <weft/coro/spawn.hpp>
#include <weft/fiber/fiber_cache.hpp>

namespace weft::inline v0 {

/// How a spawned fiber runs. All members have defaults: `{.stack_size = 256 << 10}`.
struct FiberOptions {
  /// At least so many bytes, rounded up to a power of two; 0 takes RuntimeOptions::fiber_stack_size.
  std::size_t stack_size = 0;
  Priority priority = Priority::Normal;
  /// Stops it when it is signalled, beside Runtime::shutdown(Cancel); see this_fiber::stop_point. Cost: a few allocations, if it can be
  /// signalled at all.
  std::stop_token stop = {};
  /// For messages; outlives the fiber. Null: messages name the place where it was spawned.
  const char* name = nullptr;
  /// Fills the stack beforehand, so that this_fiber::high_water_mark() can say how much of it was used. For finding out a size.
  bool paint = false;
  /// `true`: the fiber belongs to the frame of the program that runs now, as in SpawnOptions; that is checked, and its closure stays where it is.
  FrameOption frame = {};
  /// Where it starts, as in SpawnOptions.
  SpawnPlace* arena = nullptr;
};

namespace detail {

/// A spawned fiber before it has begun: it has no stack yet, so that a million of them may wait. Its mark is its counter, or null.
struct FiberJob : Job {
  static constexpr std::size_t kUnit = 1024;

  FiberJob(void (*begin)(Job*), StopScope* in, Counter* counted_by, const FiberOptions& options, const std::source_location& where)
      : Job(marked_job(begin, counted_by)),
        scope(in),
        origin{options.name, where},
        stack_size(static_cast<std::uint32_t>(options.stack_size / kUnit + (options.stack_size % kUnit != 0 ? 1 : 0))),
        is_painted(options.paint) {
    static_cast<void>(StackSize::checked_class(options.stack_size));
  }

  [[nodiscard]] Counter* counter() const noexcept { return static_cast<Counter*>(mark); }

  StopScope* scope;
  FiberOrigin origin;
  std::uint32_t stack_size;  // in units; 0: the default of the worker that begins it
  bool is_painted;
};

/// Whom the end of a spawned fiber concerns.
struct FiberOwner {
  Counter* counter;  // null: nobody but the domain
  Domain* domain;
};

/// The end of a spawned fiber. Counts it off.
struct SpawnedFiberEnd final : AfterSwitch {
  explicit SpawnedFiberEnd(const FiberOwner& whose) noexcept : AfterSwitch{&SpawnedFiberEnd::count}, owner(whose) {}
  WEFT_API static Job* count(AfterSwitch& after, Fiber& fiber) noexcept;

  FiberOwner owner;
};

/// Runs a job on a fiber until it waits for the first time. False: there is no stack, and the exception is under way to whoever waits.
[[nodiscard]] WEFT_API bool begin_fiber(FiberJob& job, Fiber::Main main) noexcept;

/// Hands on the exception that is being handled.
WEFT_API WEFT_COLD void fiber_failed(const FiberOwner& owner) noexcept;

/// Counts off a fiber that has ended, or never began.
WEFT_API void count_fiber_off(const FiberOwner& owner) noexcept;

/// A FiberJob in a deque. Frees itself when it has run.
template <class F, bool kStoppable, bool kLinked>
class FiberJobOf final : public FiberJob, public FramePooled {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");
  struct Nothing {};

 public:
  template <class G>
  FiberJobOf(G&& callable, StopScope* in, Counter* counted_by, const FiberOptions& options, const std::source_location& where)
      : FiberJob(&FiberJobOf::begin, in, counted_by, options, where), function_(std::forward<G>(callable)) {
    if constexpr (kLinked) link_ = JobLink{this, nullptr};
    if constexpr (kStoppable) {
      own_scope_ = std::make_unique<StopScope>(in, options.stop);
      this->scope = own_scope_.get();
    }
  }

  [[nodiscard]] JobLink& link() noexcept { return link_; }
  [[nodiscard]] F& function() noexcept { return function_; }

 private:
  static void begin(Job* job) noexcept {
    auto& self = *static_cast<FiberJobOf*>(job);
    if (begin_fiber(self, &FiberJobOf::main)) [[likely]] return;
    const FiberOwner owner{self.counter(), domain_of(self.scope)};
    delete &self;
    count_fiber_off(owner);
  }

  static void main(Fiber& fiber, FinalSwitch& end) {
    auto* const self = static_cast<FiberJobOf*>(fiber.argument());
    const FiberOwner owner{self->counter(), domain_of(fiber.scope())};
    try {
      static_cast<void>(self->function_());
    } catch (...) {
      fiber_failed(owner);
    }
    delete self;  // before the count, and on the fiber: a destructor may wait
    end.emplace<SpawnedFiberEnd>(owner);
  }

  [[no_unique_address]] std::conditional_t<kLinked, JobLink, Nothing> link_;
  [[no_unique_address]] std::conditional_t<kStoppable, std::unique_ptr<StopScope>, Nothing> own_scope_;
  F function_;
};

/// @param in  the scope it is in; null: that of the target's domain
template <bool kStoppable, class F>
void spawn_fiber_in(StopScope* in, const SpawnTarget& target, F&& function, Counter* counter, const FiberOptions& options,
                    const std::source_location& where) {
  using Bare = std::decay_t<F>;
  // Counted where its end will be: a fiber that visits another runtime forks there, in the scope that it came with.
  if (in == nullptr) in = target.domain;
  Domain* const domain = domain_of(in);
  WorkerContext* worker = worker_for(target, options.priority);
  if (worker != nullptr && worker->domain == domain) {
    auto job = std::make_unique<FiberJobOf<Bare, kStoppable, false>>(std::forward<F>(function), in, counter, options, where);
    // To copy the callable may have suspended the fiber that spawns it.
    if constexpr (!std::is_nothrow_constructible_v<Bare, F>) worker = worker_for(target, options.priority);
    if (worker == nullptr) return spawn_fiber_in<kStoppable>(in, target, std::move(job->function()), counter, options, where);
    worker->spawn_deque->reserve(1);
    if (counter != nullptr) counter->add();
    worker->roots_started.add();
    worker->spawn_deque->push_chain_reserved(1, [&](std::size_t) { return job.release(); });
    notify_work(*worker);
    return;
  }
  auto* const job = new FiberJobOf<Bare, kStoppable, true>(std::forward<F>(function), in, counter, options, where);
  if (counter != nullptr) counter->add();
  domain->root_started(1);
  target.executor->post(job->link(), options.priority);
}

/// For what is spawned in the place of work whose frame and arena have been seen to.
[[nodiscard]] inline FiberOptions without_frame(FiberOptions options) noexcept {
  options.frame = {};
  options.arena = nullptr;
  return options;
}

template <class F>
void spawn_fiber_on(const SpawnTarget& from, F&& function, Counter* counter, const FiberOptions& options, const std::source_location& where) {
  static_assert(JobFunction<std::decay_t<F>>, "spawn_fiber takes something that can be called without arguments, and is no coroutine");
  check_sanitizer();
  const SpawnTarget target = target_for(from, options);
  if (FrameArena* const arena = options.frame ? target.domain->frame_arena() : nullptr) {
    if constexpr (!kIsFrameFunction<std::decay_t<F>>) {
      FrameFunction<std::decay_t<F>> belonging{FrameMember(*arena, options.frame.where()), std::forward<F>(function)};
      spawn_fiber_on(target, std::move(belonging), counter, without_frame(options), where);
      return;
    }
  }
  if (options.stop.stop_possible()) {
    spawn_fiber_in<true>(target.domain, target, std::forward<F>(function), counter, options, where);
  } else {
    spawn_fiber_in<false>(target.domain, target, std::forward<F>(function), counter, options, where);
  }
}

}  // namespace detail

/// Calls `function` on a stack of its own on this runtime, counted by `counter`, concurrently with the caller.
///
/// Pre:      called on a worker, in a task, a job or a fiber; from elsewhere use Runtime::spawn_fiber.
/// Lifetime: `counter` outlives the work. The callable is moved in, and destroyed before the counter goes down.
/// Errors:   UsageError outside a runtime, or for a stack size that is too large; std::bad_alloc. What the function throws is thrown by
///           `co_await counter`, and so is the LimitError of a stack that could not be had.
/// Cost:     one block from the frame cache, one push, one atomic add; the stack is taken when the work begins.
/// Example:  samples/10_fiber.cpp
template <class F>
void spawn_fiber(F&& function, Counter& counter, const FiberOptions& options = {},
                 const std::source_location& where = std::source_location::current()) {
  const detail::SpawnTarget target = detail::target_here("spawn_fiber was called", "Runtime::spawn_fiber");
  detail::spawn_fiber_on(target, std::forward<F>(function), &counter, options, where);
}

/// The same, to start in an arena: `spawn_fiber(on(arena), function, counter)`. From any thread. Errors: as Runtime::spawn.
template <class F>
void spawn_fiber(Placement in, F&& function, Counter& counter, const FiberOptions& options = {},
                 const std::source_location& where = std::source_location::current()) {
  detail::spawn_fiber_on(in.place.open_target(), std::forward<F>(function), &counter, options, where);
}

}  // namespace weft::inline v0
