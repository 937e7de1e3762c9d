/// @file
/// The pool: workers, shared queues, idle protocol, shutdown. What Runtime holds.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "queue/injector.hpp"
#include "sched/clock_follower.hpp"
#include "sched/idle.hpp"
#include "sched/monitor.hpp"
#include "sched/seats.hpp"
#include "sched/stepper.hpp"
#include "sched/wake_rank.hpp"
#include "sched/worker.hpp"
#include "topo/worker_places.hpp"
#include <weft/base/executor.hpp>
#include <weft/coro/spawn_place.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/mem/frame_arena.hpp>
#include <weft/mem/node_memory.hpp>
#include <weft/sched/numa_arena.hpp>
#include <weft/sched/runtime_options.hpp>
#include <weft/sched/stats.hpp>

namespace weft::inline v0 {

struct PoolConfig {
  unsigned workers;  ///< at least 1
  Topology machine = {};  ///< for which `plan` was made
  PinningPlan plan = {};
  WorkerPlaces places = {};
  std::vector<NodeMemory*> memory = {};  ///< of each worker that has a place; empty: the ordinary allocator's
  TierOptions tiers = {};
  std::function<void(const TierChange&)> on_tier_change = {};
  std::function<void(unsigned before, unsigned after)> on_limit_change = {};  ///< of the workers that may be awake; by the monitor
  std::string name;  ///< of the threads, with the worker's number behind
  std::function<void(std::exception_ptr)> on_unhandled;
  unsigned spare_workers;  ///< that may run while others are blocked
  std::chrono::nanoseconds report_blocking_after;
  std::function<void(const BlockedWorker&)> on_blocked;
  std::size_t fiber_stack_size;
  bool prefault_fiber_stacks;
  bool huge_fiber_stacks;
  IoBackend io_backend = IoBackend::Auto;
  bool is_stepped = false;  ///< one worker, and no threads
  detail::ManualTime* manual_time = nullptr;  ///< by which it waits; null: by the steady clock. Pre: is_stepped

  /// Null: the ordinary allocator.
  [[nodiscard]] NodeMemory* memory_of(unsigned worker) const noexcept { return worker < memory.size() ? memory[worker] : nullptr; }
};

/// Threads: any, except construction and destruction.
class Pool final : public Executor, public Domain {
 public:
  explicit Pool(PoolConfig config);
  ~Pool();

  // Executor
  void post(JobLink& link, Priority priority) noexcept override;
  void post_woken(JobLink& link, Priority priority, unsigned last_worker) noexcept override;
  void post_chain(JobLink* first, unsigned count, Priority priority) noexcept override;

  // Domain
  void root_started(std::uint64_t count) noexcept override;
  void root_finished() noexcept override;

  /// For whoever is about to spawn something by `through`. From inside work may be added even while the pool drains: what is running decides when
  /// it has ended.
  ///
  /// Errors: from outside, UsageError after shutdown, LimitError when there is no thread yet and none can be started.
  [[nodiscard]] detail::SpawnTarget open_target(Executor& through);

  /// As post() and post_chain(), for the workers of one of several arenas, by somebody who is none of them.
  void post_to(NumaArena& arena, JobLink& link, Priority priority, const WakeWish& wish) noexcept;
  void post_chain_to(NumaArena& arena, JobLink* first, unsigned count, Priority priority) noexcept;

  /// Runs `link.job` and blocks until `done` is set, on the caller's thread as far as it goes.
  ///
  /// Errors: UsageError after shutdown; std::bad_alloc, before the job is started. It needs no thread beside the caller's.
  void run_and_wait(JobLink& link, const Atomic<std::uint32_t>& done);

  /// Refuses new work from outside and waits until everything started has ended.
  ///
  /// @return  how many tasks and jobs are left at the deadline
  std::uint64_t drain_until(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] bool is_stepped() const noexcept { return stepper_ != nullptr; }
  /// See Runtime. Pre: is_stepped(). Errors: UsageError on another thread than before.
  bool step();
  [[nodiscard]] int step_file() const noexcept;
  /// Has it step when the poller has something to do. Errors: std::system_error.
  void step_for(Poller& poller);

  /// Asks all tasks to stop.
  void stop_tasks() noexcept;

  /// Without those that were added while others were blocked.
  [[nodiscard]] unsigned worker_count() const noexcept { return config_.workers; }
  /// Keeps so many tiers open at least.
  void open_tiers(unsigned least) noexcept { monitor_.open_tiers(least); }

  [[nodiscard]] const PinningPlan& plan() const noexcept { return config_.plan; }
  [[nodiscard]] const Topology& machine() const noexcept { return config_.machine; }
  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] IoBackend io_backend() const noexcept { return config_.io_backend; }
  [[nodiscard]] RuntimeStats stats() const;

  [[nodiscard]] std::span<NumaArena* const> arenas() const noexcept { return arena_list_; }
  [[nodiscard]] bool has_arenas() const noexcept { return arena_list_.size() > 1; }
  /// The worker that has run something last is wished for, if it has not slept for long.
  [[nodiscard]] WakeWish wish_for(unsigned last_worker, unsigned arena = WakeWish::kNone) const noexcept;
  /// The arena of a worker; null: it has none, because it is a spare one and there are several.
  [[nodiscard]] NumaArena* arena_of(unsigned worker) const noexcept;
  [[nodiscard]] ArenaQueues* queues_of_arena_of(unsigned worker) const noexcept;

 private:
  friend class Worker;
  friend class Monitor;
  friend class TierWatch;
  class OutsideCall;
  struct SeatHost;

  void make_arenas();
  [[nodiscard]] Injector& injector_of(NumaArena& arena, Priority priority) noexcept;
  void check_open();
  [[nodiscard]] bool is_own(const WorkerContext* worker) const noexcept { return worker != nullptr && worker->domain == this; }
  [[nodiscard]] bool is_anything_injected(std::size_t priority) const noexcept;
  void notify_from_outside(Priority priority, const WakeWish& wish = {}) noexcept;
  bool work_added(const WakeWish& wish) noexcept;
  bool call_to_arena(const WakeWish& wish) noexcept;
  void watch() noexcept;
  bool wake_one(const WakeWish& wish = {}) noexcept;
  [[nodiscard]] bool try_unpark(unsigned index) noexcept;
  bool start_thread(Worker& worker) noexcept;  // pre: threads_mutex_ held
  [[nodiscard]] bool has_seats(unsigned count) noexcept;
  void allow_another() noexcept;
  void open_workers(unsigned count) noexcept;
  void limits_changed(unsigned workers, std::vector<unsigned> allowed) noexcept;
  [[nodiscard]] bool may_use_place_of(unsigned worker) noexcept;
  void revive_retired(unsigned most) noexcept;             // pre: threads_mutex_ held
  [[nodiscard]] bool try_revive(Worker& worker) noexcept;  // pre: threads_mutex_ held
  // relaxed: a hint.
  [[nodiscard]] bool has_retired() const noexcept { return retired_.load(relaxed) != 0; }
  void retry_threads(unsigned spares) noexcept;
  void end_spare(unsigned index) noexcept;
  [[nodiscard]] bool trim_sleeper(unsigned index) noexcept;
  void report_blocked(const BlockedWorker& blocked) const noexcept;
  [[nodiscard]] bool can_have_thread() noexcept;
  [[nodiscard]] bool prepare(Worker& seat) noexcept;
  [[nodiscard]] Worker* claim_seat() noexcept;
  void wait_without_seat(const Atomic<std::uint32_t>& done) noexcept;
  void step_until(const Atomic<std::uint32_t>& done);
  void wait_for_step(std::chrono::steady_clock::time_point until) noexcept;
  void step_until_drained(std::chrono::steady_clock::time_point deadline) noexcept;
  void drain_without_threads(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point deadline);
  void give_seat_back(Worker& worker, bool is_done) noexcept;
  void about_to_sleep() noexcept;
  [[nodiscard]] bool has_visible_work() const noexcept;
  void call_for_visible_work() noexcept;
  void timer_is_first(TimeNs due_in) noexcept;
  [[nodiscard]] std::uint64_t visible_jobs() const noexcept;
  [[nodiscard]] std::uint64_t outstanding() const noexcept;

  // ---- never changes after construction ----
  const PoolConfig config_;
  const std::vector<std::uint8_t> tiers_;  // of each worker that has a place
  const std::chrono::steady_clock::time_point made_;
  const std::unique_ptr<Stepper> stepper_;  // null: it has threads
  FrameArena frame_arena_;  // its areas are in the workers
  std::vector<std::unique_ptr<NumaArena>> arenas_;
  std::vector<NumaArena*> arena_list_;  // the same
  std::vector<unsigned> arena_of_;      // of each worker that has a place, the arena's index
  Seats seats_;
  std::optional<ClockFollower> follower_;  // of a ManualClock
  // ---- written once per priority ----
  std::array<Atomic<bool>, kPriorities> is_used_{};  // some worker has queues of it, or an arena
  // ---- written by outside threads ----
  std::array<Injector, kPriorities> injectors_;
  alignas(kCacheLine) Atomic<std::uint64_t> outside_started_{0};
  Atomic<std::uint64_t> outside_finished_{0};
  Atomic<std::uint32_t> outside_calls_{0};
  // ---- idle protocol ----
  Idle idle_;
  Atomic<bool> stopping_{false};
  Atomic<std::uint32_t> binding_{0};  // changes when workers are to be bound anew
  // ---- shutdown ----
  Atomic<bool> closed_{false};
  Atomic<bool> draining_{false};
  std::mutex drain_mutex_;
  std::condition_variable drained_;
  // ---- guarded by threads_mutex_ ----
  std::mutex threads_mutex_;
  std::vector<unsigned> allowed_cpus_;  // of the process, in rising order; since limits have changed
  Atomic<unsigned> threads_{0};  // read without it, too
  Atomic<unsigned> retired_{0};  // read without it, too
  Monitor monitor_;
};

}  // namespace weft::inline v0
