/// @file
/// What code that runs on a worker needs within reach: its deques, its frame cache, its part of the frame arena, its executor.
#pragma once

#include <cstdint>
#include <memory>

#include <weft/base/atomic.hpp>
#include <weft/base/executor.hpp>
#include <weft/base/io_backend.hpp>
#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/priority.hpp>
#include <weft/base/thread_slot.hpp>
#include <weft/coro/spawn_place.hpp>
#include <weft/fiber/fiber_cache.hpp>
#include <weft/mem/frame_arena.hpp>
#include <weft/mem/frame_cache.hpp>
#include <weft/queue/deque.hpp>

namespace weft::inline v0 {

class Counter;
class Domain;
class Poller;
class TimerQueue;

namespace detail {
class ManualTime;
}

using JobDeque = BasicDeque<Job>;
/// Where spawned jobs wait. They are many, and small where it matters: thieves take up to 32 of them at once.
using SpawnDeque = BasicDeque<Job, HardwareAtomics, 32>;

/// A counter that one thread writes and anybody reads.
class OwnerCount {
 public:
  void add(std::uint64_t n = 1) noexcept {
    // [roots.count] release: what the owner did before is visible to whoever sees the new value. relaxed load: only the
    // owner writes.
    value_.store(value_.load(relaxed) + n, release);
  }
  // [roots.count] acquire: pairs with add().
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(acquire); }

 private:
  Atomic<std::uint64_t> value_{0};
};

/// Jobs of one counter that have ended on a worker and are still to be counted off: see count_off().
struct EndedJobs {
  Counter* counter = nullptr;
  std::uint32_t count = 0;
  std::uint32_t most = 1;       ///< so many are counted off together; follows from how long they take
  std::int64_t counted_at = 0;  ///< when `most` were counted off last; steady clock, ns
};

/// The part of a worker that hot inline code touches; the scheduler's Worker extends it.
///
/// A worker is whoever runs the loop: a pool thread, a thread inside Runtime::run, or one inside sync_wait.
///
/// Threads: the thread that runs the worker; thieves see only the deques.
struct WorkerContext {
  /// Children of structured forks, strictly nested: popped by the parent's own chain unless stolen.
  JobDeque* fork_deque = nullptr;
  /// Spawned jobs of normal priority; null where such jobs wait elsewhere (in sync_wait).
  SpawnDeque* spawn_deque = nullptr;
  /// Non-zero: whoever adds work calls `work_added`. Somebody sleeps and nobody searches, or something waits that should go
  /// before the forks of those who are busy.
  const Atomic<std::uint32_t>* wake_hint = nullptr;
  /// Where a coroutine that suspends here is posted: the runtime, or, if it has several, this worker's arena.
  Executor* executor = nullptr;
  SpawnPlace* place = nullptr;  ///< its arena, of a spare worker the first; null in sync_wait
  Domain* domain = nullptr;              ///< counts and receives what is spawned here
  Priority priority = Priority::Normal;  ///< of the job that runs now; fork_deque is the one of this priority
  unsigned index = 0;                    ///< of the worker in its runtime
  unsigned worker_count = 1;             ///< of its runtime
  EndedJobs ended;
  // Of the coroutine that has last suspended here for a counter; only addresses, both may be gone.
  const Counter* awaited = nullptr;
  const Job* awaiting = nullptr;
  OwnerCount roots_started;
  OwnerCount roots_finished;
  FrameCache frames;
  FiberCache fibers;
  TimerQueue* timers = nullptr;  ///< of what waits here for a time
  const detail::ManualTime* manual_time = nullptr;  ///< by which it waits; null: by the steady clock
  Poller* poller = nullptr;      ///< of operations that were started here; null until the first, see adopt()
  IoBackend io_backend = IoBackend::Auto;  ///< which kind of poller to make
  detail::FrameArea frame_area;  // of its runtime's FrameArena; of none in sync_wait

  /// Adds a spawned or woken job to this worker's own queue (the owner's thread only). Never fails.
  virtual void enqueue(JobLink& link, Priority at) noexcept = 0;
  /// Adds a job behind everything that waits on this worker (the owner's thread only). Never fails.
  virtual void enqueue_last(JobLink& link, Priority at) noexcept = 0;
  /// Adds jobs that have waited for a time or for the kernel, `count` linked ones with the last first: behind those that have come so before, and not
  /// behind all that the worker was given meanwhile (the owner's thread only). Never fails.
  virtual void enqueue_due(JobLink* last, unsigned count, Priority at) noexcept = 0;
  /// Whether something waits that this worker would run next (the owner's thread only). What thieves take meanwhile may count.
  [[nodiscard]] virtual bool has_ready_work() const noexcept = 0;
  /// Before long the worker looks for what waits longest, also elsewhere, and for what is due (the owner's thread only).
  virtual void be_fair() noexcept = 0;
  /// Wakes a sleeper if there still is one and nobody searches.
  virtual void work_added() noexcept = 0;
  /// Whether the caller, a task that has just forked, is to go back to the loop, because something waits that goes first.
  [[nodiscard]] virtual bool must_give_way() noexcept = 0;
  /// Takes the oldest fork of another worker of the same pool, or null; `from` is the priority of the queue it was in.
  [[nodiscard]] virtual Job* steal_fork_of(WorkerContext& victim, Priority& from) noexcept = 0;
  /// Gives back a job that this worker has taken from a queue of priority `at` and must not run now.
  virtual void put_back(Job* job, Priority at) noexcept = 0;
  /// Tells who watches the workers of a timer of this one, after one was armed that comes before all others; or of an operation, as of a timer that is
  /// due at any time.
  virtual void timer_is_first(std::int64_t due_in_ns) noexcept = 0;
  /// Whether there is a worker that would begin at once with what is posted. Threads: any.
  [[nodiscard]] virtual bool is_anybody_idle() noexcept = 0;
  /// Who runs the worker.
  enum class RunBy : std::uint8_t {
    OwnThread,  ///< a thread that stays
    Guest,      ///< one that may leave, so what is bound to a thread is left to another worker
    OnlyGuest,  ///< the same, but there is no other
  };
  [[nodiscard]] virtual RunBy run_by() const noexcept = 0;
  /// From here on it looks into this poller, which it then owns, when it looks at its timers. Pre: `poller` is null, and run_by() is no Guest.
  /// Errors: std::system_error, and then it has not.
  virtual void adopt(std::unique_ptr<Poller> poller_here) = 0;
  /// Around a call that may block the thread.
  virtual void begin_blocking() noexcept = 0;
  virtual void end_blocking() noexcept = 0;

 protected:
  WorkerContext() = default;
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;
  ~WorkerContext() = default;
};

namespace detail {
WEFT_DECLARE_THREAD_SLOT(WorkerContext, worker)
// The same again, for after a call: with one variable compilers keep its offset in a register across the call, and each function
// that forks would have to save that register first.
WEFT_DECLARE_THREAD_SLOT(WorkerContext, worker_after_call)

/// Sets the worker of this thread, and returns the one before. The thread's own.
WEFT_API WorkerContext* set_current_worker(WorkerContext* worker) noexcept;
}  // namespace detail

/// The worker that runs this code, or null on a thread that is none.
///
/// Never keep it across a suspension (L7): the coroutine may continue on another worker.
WEFT_ALWAYS_INLINE WorkerContext* current_worker() noexcept { return detail::slot_worker(); }

/// The same where the function has asked before, and then called something that does not come back soon.
WEFT_ALWAYS_INLINE WorkerContext* current_worker_after_call() noexcept { return detail::slot_worker_after_call(); }

/// Counts off the jobs in `worker.ended`.
///
/// They are counted off together, a few at a time, because a job and the next one usually have the same counter, which all
/// workers change: each change may be a cache miss. Nobody can see the difference but in Counter::value(): as long as the
/// worker runs another job of that counter it cannot reach zero, and before anything else is run, or nothing, this is called.
///
/// Threads: the worker's own.
WEFT_API void count_off(WorkerContext& worker) noexcept;

/// The same when there are `ended.most` of them, which it adapts: as many as end within a few microseconds, 32 at most.
WEFT_API void count_off_most(WorkerContext& worker) noexcept;

/// Tells the idle workers about work just pushed to a deque of this worker.
///
/// A relaxed load and no fence: the sleeper pays for the ordering (lib/sched/README.md, "the asymmetric pair").
WEFT_ALWAYS_INLINE void notify_work(WorkerContext& worker) noexcept {
  light_fence();
  // relaxed: ordered by the asymmetric pair above.
  if (worker.wake_hint->load(relaxed) != 0) [[unlikely]] worker.work_added();
}

}  // namespace weft::inline v0
