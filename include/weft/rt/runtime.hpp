/// @file
/// Runtime: what main() builds.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/base/io_backend.hpp>
#include <weft/coro/join_handle.hpp>
#include <weft/coro/spawn.hpp>
#include <weft/coro/spawn_fiber.hpp>
#include <weft/coro/task.hpp>
#include <weft/mem/frame_arena.hpp>
#include <weft/obs/trace.hpp>
#include <weft/sched/numa_arena.hpp>
#include <weft/sched/runtime_options.hpp>
#include <weft/sched/stats.hpp>

namespace weft::inline v0 {

class Pool;
class TraceBuffer;

/// What Runtime::shutdown does with what still runs.
enum class Shutdown : std::uint8_t {
  Drain,   ///< lets everything end by itself
  Cancel,  ///< asks every task to stop, and lets it end; one that awaits a Counter or a JoinHandle goes on awaiting it
};

/// What Runtime::shutdown left behind.
struct ShutdownReport {
  std::uint64_t remaining = 0;  ///< tasks and jobs that had not ended at the deadline
  [[nodiscard]] bool is_complete() const noexcept { return remaining == 0; }
};

namespace detail {

/// The end of a root that a thread is blocked on.
struct BlockedRoot : Job {
  explicit BlockedRoot(Domain& of) noexcept : Job(marked_job(&BlockedRoot::complete, nullptr)), domain(of) {}
  WEFT_API static void complete(Job* self) noexcept;

  Domain& domain;
  Atomic<std::uint32_t> done{0};
};

}  // namespace detail

/// A pool of workers and all that belongs to it. Several may live in one process.
///
/// Workers are seats, not threads: a seat's thread is started when work first needs it, and a thread that calls `run` takes an
/// idle seat itself, so that a short task never waits for another thread to wake up.
///
/// Threads:  any, except construction and destruction. Not from a worker: `run` and `shutdown` refuse. The destructor refuses on a
///           worker of this runtime, and blocks one of another.
/// Lifetime: the destructor waits for everything that was started, detached tasks included, then ends the threads. It waits for ever
///           if something waits for what never comes: see Shutdown::Cancel.
/// Errors:   see each member. After fork() the child has the memory but none of the threads, and locks that they held are held for
///           ever: nothing of weft is safe there before exec; make runtimes after the fork.
/// Cost:     microseconds to construct; with pinning some milliseconds more, to look at the machine (Topology::detect), and with many
///           workers some 20 to 80 us for each. Threads start lazily. An idle runtime wakes up once in two seconds, some 0.003 % of a processor
///           (RuntimeOptions::report_blocking_after).
/// Example:  samples/01_hello_task.cpp
class Runtime {
 public:
  /// Errors: UsageError for options that make no sense, LimitError where the kernel does not let workers be bound as they ask, std::bad_alloc.
  WEFT_API explicit Runtime(RuntimeOptions options = {});
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  WEFT_API ~Runtime();

  /// Runs `work` (a task, a callable, or a callable that returns a task) and blocks until it has ended.
  ///
  /// The calling thread takes part: it runs the task itself as far as it can without waiting. By a ManualClock nobody waits for a time: when there is
  /// nothing else to do, the clock is moved to the first.
  /// Errors: what `work` throws; UsageError on a worker, which must co_await instead, or after shutdown; std::bad_alloc, before
  ///         anything started.
  template <class Work>
  decltype(auto) run(Work&& work);

  /// As the free functions of the same name, but from any thread.
  ///
  /// Errors: UsageError after shutdown, unless on a worker of this runtime; LimitError when there is no thread yet and none can be
  ///         started; std::bad_alloc.
  template <class Work>
  void spawn(Work&& work, Counter& counter, const SpawnOptions& options = {}) {
    detail::spawn_on(open_target(), std::forward<Work>(work), &counter, options);
  }
  template <class Work>
    requires(!std::derived_from<std::remove_cvref_t<Work>, Counter>)
  [[nodiscard("co_await the handle, call wait(), or use spawn_detached")]] auto spawn(Work&& work, const SpawnOptions& options = {}) {
    return detail::spawn_joinable(open_target(), std::forward<Work>(work), options);
  }
  template <class Work>
  void spawn_detached(Work&& work, const SpawnOptions& options = {}) {
    detail::spawn_on(open_target(), std::forward<Work>(work), nullptr, options);
  }
  template <class F>
  void spawn_fiber(F&& function, Counter& counter, const FiberOptions& options = {},
                   const std::source_location& where = std::source_location::current()) {
    detail::spawn_fiber_on(open_target(), std::forward<F>(function), &counter, options, where);
  }
  template <class Make>
    requires std::invocable<Make&, std::size_t>
  void spawn_batch(std::size_t count, Make&& make, Counter& counter, const SpawnOptions& options = {}) {
    detail::spawn_batch_on(open_target(), count, std::forward<Make>(make), counter, options);
  }

  /// Takes no more work from outside, and waits until all that was started has ended or the deadline has come.
  ///
  /// @return  what is left; the runtime goes on with it, and shutdown may be called again
  /// Errors:  UsageError on a worker of any runtime.
  /// Example: samples/08_stop.cpp
  WEFT_API ShutdownReport shutdown(Shutdown how = Shutdown::Drain,
                                   std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max());

  /// Memory that lasts until next_frame() is called: per worker, taken by moving a pointer. Threads: see FrameArena.
  [[nodiscard]] WEFT_API FrameArena& frame() noexcept;

  /// Ends the frame of the program: what was taken from frame() is free. Nothing is waited for.
  ///
  /// Pre:      all that uses memory of the frame has been waited for, and so has what was spawned with `{.frame = true}`: that is checked.
  /// Threads:  any, one at a time, while nobody allocates from frame(); also in a task of this runtime that does not belong to the frame.
  /// Errors:   FrameArena::next_frame ends the process when work of the frame is left.
  /// Example:  samples/11_frame_arena.cpp
  WEFT_API void next_frame() noexcept;

  [[nodiscard]] WEFT_API unsigned worker_count() const noexcept;

  /// Of a runtime with RuntimeOptions::is_stepped: runs what there is to do, and comes back when there is nothing left or a millisecond is over.
  ///
  /// @return  whether there is more to do; fd() is readable then
  /// Threads: one, always the same: what the runtime has begun in the kernel belongs to it. It is the first one that calls this, run() or shutdown(). Not
  ///          from a task.
  /// Errors:  UsageError on another thread, on a worker, and for a runtime that has threads.
  WEFT_API bool step();

  /// A descriptor that is readable (level-triggered) when step() is to be called: work has come from another thread, a time or the end of an operation. By
  /// a ManualClock a time has come when somebody has moved the clock there. For
  /// poll, epoll, and the loops that stand on them; not to be read.
  ///
  /// Errors:   UsageError for a runtime that has threads.
  /// Lifetime: the runtime's.
  [[nodiscard]] WEFT_API int fd() const;

  /// By what the kernel is asked to do input and output: what RuntimeOptions::io_backend says or, if that leaves it to weft, what works here. A worker
  /// that cannot have a ring of its own later, because files or memory have run out, uses epoll then.
  ///
  /// Cost: where it is left to weft, a ring is made and dropped to see, once in the process.
  [[nodiscard]] WEFT_API IoBackend io_backend() const noexcept;

  /// How many arenas there are: one for each NUMA node on which RuntimeOptions::pinning places workers; with PinningStrategy::None one.
  [[nodiscard]] WEFT_API unsigned arena_count() const noexcept;
  /// The workers of one node, and memory there. Errors: UsageError when there are not so many.
  [[nodiscard]] WEFT_API NumaArena& arena(unsigned index) const;

  /// Where the workers run: the plan by which this runtime was made. `pus` is empty where they are bound to none.
  [[nodiscard]] WEFT_API const PinningPlan& plan() const noexcept;

  /// The machine of that plan, as RuntimeOptions::topology has it or as it was detected; without any processor if nobody is bound.
  [[nodiscard]] WEFT_API const Topology& topology() const noexcept;

  /// Has at least so many tiers open from now on, whatever the load, for what is known to come: a burst, a deadline. Load opens more as ever. With 1
  /// load alone decides again, and what it has no use for closes as RuntimeOptions::tiers says. 0 means 1, and more than there are means all. Without
  /// tiers nothing happens. No more workers are awake than the limits of the process allow, whatever is open.
  ///
  /// Post:    nothing yet: the runtime's watcher opens them, within a millisecond or as soon as it gets a processor. RuntimeStats::tiers and
  ///          RuntimeOptions::on_tier_change tell when. If there is no watcher and none can be started, all tiers are open on return, and until there
  ///          is one: RuntimeStats::tiers has them as open, but does not count that, nor does the hook or a trace learn of it.
  /// Threads: any, workers too. Of several calls the last one counts.
  /// Cost:    a system call at most; where nothing has run before, that of starting the watcher's thread.
  WEFT_API void open_tiers(unsigned least) noexcept;

  /// What the workers have done so far. Cost: a walk over the workers, without stopping them.
  [[nodiscard]] WEFT_API RuntimeStats stats() const;

  /// Begins to note when tiers open and close, and when limits change. What the workers do costs what it did.
  ///
  /// Threads: any, workers too, also while others call it or stop_trace(): of two that start one, one has the error.
  /// Errors:  UsageError while a trace is on, std::bad_alloc.
  /// Cost:    640 KiB, which are the Trace's afterwards: room for 16384 events, of which the oldest are lost when there are more.
  /// Example: samples/spillover
  WEFT_API void start_trace();

  /// Ends the trace; write_chrome_json() shows it. What changes during one of the two calls may be in it or not.
  ///
  /// Threads: as start_trace().
  /// Errors:  UsageError if none is on, std::bad_alloc: then the trace is over, and what was in it is lost.
  [[nodiscard]] WEFT_API Trace stop_trace();

  /// The door through which jobs enter; for resume_on and for other libraries.
  [[nodiscard]] WEFT_API Executor& executor() noexcept;

 private:
  WEFT_API detail::SpawnTarget open_target();
  WEFT_API Domain& domain() noexcept;
  /// Runs `link.job` and blocks until `root` is complete.
  WEFT_API void run_root(JobLink& link, detail::BlockedRoot& root);

  template <class T>
  T run_task(Task<T> task);
  template <class F>
  std::invoke_result_t<F&> run_job(F& function);

  std::unique_ptr<TraceBuffer> trace_;  // before the pool, whose watcher writes into it
  std::unique_ptr<Pool> pool_;
};

template <class T>
T Runtime::run_task(Task<T> task) {
  if (!task) detail::throw_empty_task();
  detail::BlockedRoot root(domain());
  task.handle().promise().as_awaited(&root, &domain());
  JobLink link{job_of(task.handle()), nullptr};
  run_root(link, root);
  return task.handle().promise().take();
}

template <class F>
std::invoke_result_t<F&> Runtime::run_job(F& function) {
  using Result = std::invoke_result_t<F&>;
  struct Call : Job {
    Call(F& f, detail::BlockedRoot& end) noexcept : Job(marked_job(&Call::invoke, nullptr)), callable(f), root(end) {}
    static void invoke(Job* job) noexcept {
      auto& self = *static_cast<Call*>(job);
      detail::BlockedRoot& end = self.root;
      self.outcome.emplace_from(self.callable);
      detail::BlockedRoot::complete(&end);
      // ---- self may be gone (L4) ----
    }
    F& callable;
    detail::BlockedRoot& root;
    Outcome<Result> outcome;
  };
  detail::BlockedRoot root(domain());
  Call call(function, root);
  JobLink link{&call, nullptr};
  run_root(link, root);
  return std::move(call.outcome).get();
}

template <class Work>
decltype(auto) Runtime::run(Work&& work) {
  using Bare = std::remove_cvref_t<Work>;
  if constexpr (IsTask<Bare>) {
    static_assert(!std::is_lvalue_reference_v<Work>, "a Task runs once: rt.run(std::move(task))");
    return run_task(std::forward<Work>(work));
  } else if constexpr (TaskFunction<Bare>) {
    return run_task(work());  // the closure lives until run returns
  } else {
    static_assert(JobFunction<Bare>, "run takes a Task, or something that can be called without arguments");
    return run_job(work);
  }
}

}  // namespace weft::inline v0
