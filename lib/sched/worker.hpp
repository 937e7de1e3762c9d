/// @file
/// One worker: its queues, its loop, its statistics.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "base/parker.hpp"
#include "base/poller.hpp"
#include "mem/made_on.hpp"
#include "queue/injector.hpp"
#include "queue/timer_queue.hpp"
#include "sched/patience.hpp"
#include "sched/run_queues.hpp"
#include "sched/timed_park.hpp"
#include "sched/victims.hpp"
#include "sched/wake_rank.hpp"
#include <weft/base/cache_line.hpp>
#include <weft/coro/blocking_word.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/sched/stats.hpp>

namespace weft::inline v0 {

class Pool;
struct ArenaQueues;

/// A seat in the pool: run by its own thread, or for a while by a guest (a thread inside Runtime::run).
///
/// Threads: members without a note by whoever runs the worker.
class alignas(kCacheLine) Worker final : public WorkerContext {
 public:
  Worker(Pool& pool, unsigned index);

  /// Allocates what the worker needs to run. False: out of memory.
  [[nodiscard]] bool prepare() noexcept;

  /// The loop of the worker's own thread, until the pool stops.
  void run_thread() noexcept;

  /// The loop of a guest: runs `first`, then what that waits for and is still here, until `done` or dry.
  void run_as_guest(Job* first, const Atomic<std::uint32_t>& done) noexcept;

  /// The loop of a guest when no thread can be started at all: everything there is, until `done` and dry, or the deadline.
  void run_as_only_guest(const Atomic<std::uint32_t>& done,
                         std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max()) noexcept;

  /// What a step of a pool without threads is: runs what there is, and what that makes, but not for ever. True: there is more.
  bool run_for_a_step() noexcept;

  /// Takes work from this worker. Threads: any.
  [[nodiscard]] Job* steal_for(Worker& thief, std::size_t priority) noexcept;

  /// Whether it looks as if it had no work. Threads: any.
  [[nodiscard]] bool is_empty_hint() const noexcept;

  [[nodiscard]] const Victims& victims() const noexcept { return victims_; }

  /// How many jobs are in its queues, in all or of one priority. Threads: any.
  [[nodiscard]] std::size_t visible_jobs() const noexcept;
  [[nodiscard]] std::size_t visible_jobs(std::size_t priority) const noexcept;

  [[nodiscard]] WorkerStats stats() const noexcept;  // threads: any

  /// The thread that runs it, as the kernel knows it; 0: none. Threads: any.
  // relaxed: a hint.
  [[nodiscard]] int runner() const noexcept { return runner_.load(relaxed); }
  /// Whether it neither searches nor sleeps. Threads: any.
  // relaxed: a hint.
  [[nodiscard]] bool is_busy_hint() const noexcept { return idle_since_hint() == 0; }
  /// Since when it has been idle, in ns of the steady clock; 0: it is busy. Threads: any.
  // relaxed: a hint.
  [[nodiscard]] std::int64_t idle_since_hint() const noexcept { return idle_since_.load(relaxed); }
  /// How long it has been idle in all, at a time in ns of the steady clock; a little off while an idle time ends. Threads: any.
  [[nodiscard]] std::int64_t idle_ns_hint(std::int64_t now_ns) const noexcept {
    const std::int64_t since = idle_since_hint();
    return static_cast<std::int64_t>(idle_ns_.get()) + (since != 0 ? now_ns - since : 0);
  }
  /// Whether the thread that sleeps on its seat does not know of a timer that is due then. Threads: any.
  [[nodiscard]] bool is_unknown_timer(TimeNs next) const noexcept { return next != kNeverNs && !timed_park_.is_known(next); }
  /// How often it has looked at its timers and into its poller; not counted while it has neither. Threads: any.
  // relaxed: statistics.
  [[nodiscard]] std::uint32_t looks() const noexcept { return looks_.load(relaxed); }
  [[nodiscard]] TimeNs next_timer_hint() const noexcept { return timer_queue_.next_hint(); }
  /// Fires what is due in the place of the worker, which is busy. Threads: any that is no worker at the moment.
  void fire_timers_for(TimeNs now) noexcept;

  [[nodiscard]] std::uint64_t jobs_begun() const noexcept { return jobs_.get(); }  // threads: any

  /// As enqueue() for a coroutine that was suspended on a worker of the pool, which is woken first if it sleeps.
  void enqueue_woken(JobLink& link, Priority at, unsigned last_worker) noexcept;

  // WorkerContext
  void enqueue(JobLink& link, Priority at) noexcept override;
  void enqueue_last(JobLink& link, Priority at) noexcept override;
  void enqueue_due(JobLink* last, unsigned count, Priority at) noexcept override;
  bool has_ready_work() const noexcept override;
  // Not the next turn, in which those that have given way come first: who always gives way would be alone with them.
  void be_fair() noexcept override { turns_to_fair_ = std::min(turns_to_fair_, 2U); }
  void work_added() noexcept override;
  [[nodiscard]] bool must_give_way() noexcept override;
  [[nodiscard]] Job* steal_fork_of(WorkerContext& victim, Priority& from) noexcept override;
  void put_back(Job* job, Priority at) noexcept override;
  void timer_is_first(TimeNs due_in) noexcept override;
  [[nodiscard]] bool is_anybody_idle() noexcept override;
  [[nodiscard]] RunBy run_by() const noexcept override { return run_by_; }
  void adopt(std::unique_ptr<Poller> poller_here) override;
  void begin_blocking() noexcept override;
  void end_blocking() noexcept override;

  /// Its poller, or null: for what any thread may do with it. Threads: any.
  // [worker.poller] acquire: pairs with adopt().
  [[nodiscard]] Poller* poller_for_others() const noexcept { return shared_poller_.load(acquire); }
  /// Whether the thread that sleeps on its seat does not sleep in its poller, and there are operations. Threads: any: a guest asks when it has left
  /// the seat already, whose own thread may be about to make the poller.
  [[nodiscard]] bool is_poller_unwatched() const noexcept {
    const Poller* const there = poller_for_others();
    return there != nullptr && parker.poller() != there && there->has_pending();
  }

  Parker parker;
  // ---- guarded by Pool::threads_mutex_ ----
  std::thread thread;
  bool is_retired = false;  // its thread could not be started, and the idle protocol counts it no more
  // ---- by the monitor ----
  bool is_removed = false;        // a spare worker whose thread has ended
  Atomic<bool> must_end{false};  // to its thread
  // ---- by the worker, and whoever watches it ----
  BlockingWord blocking;

 private:
  friend class Pool;

  struct IdleHost;
  struct Found {
    Job* job = nullptr;
    std::size_t priority = 0;
    explicit operator bool() const noexcept { return job != nullptr; }
  };

  static constexpr std::uint32_t kFairTurn = 61;  // turns between two looks at what waits longest
  // Turns between two looks for others' jobs of a higher priority than what is here. Whoever has such a job runs it next, and
  // whoever is idle takes it at once; to look each time would be a walk over all workers for each job.
  static constexpr std::uint32_t kHigherTurn = 8;
  static constexpr std::uint32_t kForeignFairRound = 16;  // fair turns between two looks at what waits for other arenas

  /// The calling thread, as the kernel knows it.
  [[nodiscard]] static int thread_number() noexcept;
  [[nodiscard]] static std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  void enter() noexcept;
  void leave() noexcept;
  void execute(Found found) noexcept;
  [[nodiscard]] RunQueues* queues(std::size_t of) const noexcept {
    // relaxed: asked by the owner, who made them.
    return queues_[of].load(relaxed);
  }
  [[nodiscard]] RunQueues* make_queues(std::size_t priority) noexcept;
  /// The same with room for so many spawned jobs. Null: out of memory.
  [[nodiscard]] RunQueues* queues_with_room(std::size_t priority, std::size_t spawned) noexcept;
  [[nodiscard]] Job* steal_from(JobDeque& deque) noexcept;
  [[nodiscard]] Job* steal_share_of(SpawnDeque& deque, std::size_t of) noexcept;
  template <auto kDeque>
  WEFT_ALWAYS_INLINE void enqueue_in(JobLink* last, unsigned count, Priority at) noexcept;
  template <auto kDeque>
  WEFT_COLD void enqueue_slow(JobLink* last, unsigned count, Priority at) noexcept;

  [[nodiscard]] bool is_turn_of_due() noexcept;
  [[nodiscard]] bool may_others_go_first() const noexcept;
  [[nodiscard]] bool has_own_from(std::size_t first) const noexcept;
  [[nodiscard]] Found find_for_guest() noexcept;
  [[nodiscard]] Job* take_own(RunQueues& mine, bool is_turn_of_due) noexcept;
  [[nodiscard]] Found find_own(std::size_t priority, bool is_turn_of_due) noexcept;
  [[nodiscard]] Job* take_yielded(RunQueues& mine) noexcept;
  [[nodiscard]] bool is_fair_turn() noexcept;
  [[nodiscard]] Found find_for_fairness() noexcept;
  [[nodiscard]] bool is_anything_injected(std::size_t priority) const noexcept;
  [[nodiscard]] Found find_injected(std::size_t priority) noexcept;
  [[nodiscard]] Found take_injected(Injector& injector, std::size_t priority, unsigned sharers, bool is_remote = false) noexcept;
  [[nodiscard]] Found find_in_other_arenas(std::size_t priority) noexcept;
  [[nodiscard]] Found find_in_other_arenas() noexcept;
  [[nodiscard]] Found find_stolen(std::size_t priority) noexcept;
  [[nodiscard]] Found find_landed() noexcept;
  [[nodiscard]] Found find_work() noexcept;
  [[nodiscard]] Found find_more_work() noexcept;
  [[nodiscard]] Found look_for_more_work() noexcept;
  [[nodiscard]] Found instead_of_sleep(Found found) noexcept;
  void let_jobs_gather() noexcept;
  static void pause_between_looks() noexcept;
  bool wake_sleepers() noexcept;
  // relaxed: for the monitor.
  void count_look() noexcept { looks_.store(looks_.load(relaxed) + 1, relaxed); }
  bool wake_due(Poller::Before before, Found* next = nullptr) noexcept;
  bool wake_due_of_all() noexcept;
  void wake_due_asleep() noexcept;
  [[nodiscard]] Found search() noexcept;
  [[nodiscard]] Found search_first() noexcept;
  [[nodiscard]] Found sleep_until_work() noexcept;
  [[nodiscard]] bool must_leave(std::uint32_t hint) const noexcept;
  [[nodiscard]] bool try_rest(Found& found) noexcept;
  void bind() noexcept;
  void bind_anew() noexcept;
  void end_rest() noexcept;
  void call_for_the_rest() noexcept;
  void begin_idle_time() noexcept;
  void end_idle_time() noexcept;

  // ---- never changes after start ----
  Pool& pool_;
  ArenaQueues* const arena_;  // of its arena; null where that is the only one, and for spare workers
  // ---- set once by the owner, read by thieves ----
  std::array<Atomic<RunQueues*>, kPriorities> queues_{};
  std::array<MadeOn<RunQueues>, kPriorities> owned_queues_;
  // ---- by the owner; others when it is busy or asleep ----
  TimerQueue timer_queue_;
  TimedPark timed_park_;  // of its own thread
  Atomic<std::uint32_t> looks_{0};  // written by the owner
  std::unique_ptr<Poller> owned_poller_;  // made by the owner
  Atomic<Poller*> shared_poller_{nullptr};  // the same
  // ---- private to the owner ----
  RunBy run_by_ = RunBy::OwnThread;
  std::uint32_t binding_ = 0;  // of the pool, when its thread was bound
  Victims victims_;
  bool has_victims_ = false;
  std::uint32_t turns_to_fair_ = kFairTurn;
  std::uint32_t forks_to_fair_ = kFairTurn;
  std::uint32_t due_ = 0;  // so many that were due are in the rows of those that have given way, or were taken out of them by thieves
  std::uint32_t turns_with_due_ = 0;
  bool must_look_for_high_ = false;  // a task has given way to a job of high priority, which may lie with another worker
  bool has_given_way_ = false;       // a task has given way to what waits, so the next turn is a fair one
  unsigned woken_from_ = WakeWish::kNone;  // the worker that has last run what is being enqueued
  bool must_leave_seat_ = false;     // a guest: something waits that is not its concern
  std::uint32_t fair_round_ = 0;
  std::uint32_t blocking_depth_ = 0;  // calls inside each other; the outermost one counts
  std::uint32_t small_gets_ = 0;  // in a row, without a search between: it takes others' jobs as fast as they come
  Patience patience_;
  std::uint64_t random_;
  detail::Trampoline* trampoline_outside_ = nullptr;
  detail::Trampoline loop_;
  // ---- written by the owner, read for statistics ----
  OwnerCount jobs_;
  OwnerCount steals_;
  OwnerCount steals_remote_;
  OwnerCount steals_failed_;
  OwnerCount parks_;
  OwnerCount idle_ns_;
  Atomic<std::int64_t> idle_since_;  // steady clock, 0 while busy
  static constexpr unsigned kNoProcessor = ~0U;
  Atomic<unsigned> processor_{kNoProcessor};  // to which its thread is bound
  Atomic<int> runner_{0};
};

}  // namespace weft::inline v0
