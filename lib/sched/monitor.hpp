/// @file
/// Watches workers that are blocked, tiers and limits, and has as many workers awake as there should be.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/futex.hpp"
#include "sched/call_sites.hpp"
#include "sched/limit_watch.hpp"
#include "sched/pace.hpp"
#include "sched/stuck.hpp"
#include "sched/tier_watch.hpp"
#include <weft/base/atomic.hpp>
#include <weft/coro/blocking_word.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

class Pool;
class Worker;
struct PoolConfig;

/// A thread that looks at all workers now and then: each millisecond while somebody is in a call that is marked as blocking, or all workers are
/// busy and there are tiers to be opened, or one is busy that has timers, and some times in RuntimeOptions::report_blocking_after while somebody runs. While all sleep it rests,
/// but for a look at the memory each other second, until work is added.
///
/// For each worker that is blocked the pool may have one more awake (BasicIdle::allow), until the call returns. Who runs in the place of
/// a blocked worker takes its jobs as any thief does: all of them can be stolen.
///
/// Threads: see each member.
class Monitor {
 public:
  /// @param workers       of the pool
  /// Lifetime: the configuration outlives it.
  Monitor(Pool& pool, const PoolConfig& config);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Ends it, and it is not started again. Pre: nothing is blocked any more, and Pool::threads_mutex_ not held.
  void stop() noexcept;

  [[nodiscard]] bool watches_unmarked() const noexcept { return report_after_.count() != 0; }
  /// Whether it is to look while somebody runs, marked calls or not.
    // relaxed: set before it is told.
  [[nodiscard]] bool must_see_work() const noexcept { return watches_unmarked() || tiers_.has_tiers() || has_seen_timers_.load(relaxed); }
  [[nodiscard]] const TierWatch& tiers() const noexcept { return tiers_; }
  [[nodiscard]] unsigned worker_limit() const noexcept { return limits_.limit(); }

  /// Tells it that a marked call has begun; by the worker, after BlockingWord::enter(). Cost: a load while it looks each millisecond anyway.
  void call_begins() noexcept {
    if (tell() == Pace::Told::Absent) [[unlikely]] start(true);
  }

  /// Tells it that work was added while it rested, after Idle::kUnwatched was taken back.
  void look_from_now_on() noexcept {
    if (tell() == Pace::Told::Absent) [[unlikely]] start(false);
  }

  /// Tells it that a worker has a timer that comes before all others that it has; by the worker, or by whoever leaves a seat whose thread does not know.
  /// Cost: a load while it looks each millisecond.
  void timer_is_first(TimeNs due_in) noexcept {
    // Sooner it looks anyway, once it has been told that there are timers. relaxed, here and below: ordered by tell().
    const bool has_seen = has_seen_timers_.load(relaxed);
    if (has_seen && due_in > kMostRest.count()) return;
    if (!has_seen) has_seen_timers_.store(true, relaxed);
    if (tell() == Pace::Told::Absent) [[unlikely]] start(false);
  }

  /// Tells it how many tiers are to be open at least. Threads: any.
  void open_tiers(unsigned least) noexcept {
    if (!tiers_.has_tiers()) return;
    tiers_.ask(least);
    if (tell() == Pace::Told::Absent) start(true);
  }

 private:
  struct PacePolicy : HardwareAtomics {
    static void futex_wake(const Atomic<std::uint32_t>* word, int count) noexcept { v0::futex_wake(word, count); }
  };
  using Pace = BasicPace<PacePolicy>;
  struct PaceHost;

  /// What it has seen of one worker.
  struct Watched {
    BlockingWord::Seen call = 0;
    std::chrono::nanoseconds call_lasts{0};  // so far, by the turns in which it was seen
    StuckWatch unmarked;
    std::uint32_t looks = 0;  // that it had had at the last look of this
    bool is_interrupted = false;  // so that it may see what the kernel has ended
    std::int64_t trimmed_at = 0;  // the beginning of the idle time in which it was trimmed
    bool is_replaced = false;     // in a call that is not marked
    bool is_reported = false;
    std::chrono::nanoseconds to_report{0};  // how long it has been in that call; zero: there is nothing to report
  };

  using Clock = std::chrono::steady_clock;

  /// The longest time between two looks, if it is to see work. Then what a worker keeps, and the memory of stacks that nobody used, goes back to the
  /// system.
  static constexpr std::chrono::nanoseconds kMostRest = std::chrono::seconds(2);

  Pace::Told tell() noexcept {
    // Where there is no membarrier the fence of the other side is an ordinary one, and this has to be one too.
    return pace_.tell([this] { is_asymmetric_ ? light_fence() : full_fence(); });
  }
  WEFT_COLD void start(bool is_urgent) noexcept;
  [[nodiscard]] bool try_start(bool is_urgent) noexcept;  // pre: Pool::threads_mutex_ held
  void run() noexcept;
  bool look_at_calls() noexcept;
  bool look_at_unmarked(Clock::time_point now) noexcept;
  void look_at_timers(Clock::time_point now) noexcept;
  void look_into(Worker& worker, Watched& watched, bool has_looked, Clock::time_point now) noexcept;
  void look_after_interrupts() noexcept;
  [[nodiscard]] TimeNs timer_to_watch(const Worker& worker) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds unmarked_turn() const noexcept;
  void rest(Clock::time_point now) noexcept;
  [[nodiscard]] bool is_needed() const noexcept;
  [[nodiscard]] bool is_anybody_inside() const noexcept;
  [[nodiscard]] bool is_any_timer_new() const noexcept;
  [[nodiscard]] bool is_any_operation_new() const noexcept;
  [[nodiscard]] bool has_seat_for_another() noexcept;
  void allow_another() noexcept;
  void report_blocked(Clock::time_point now) noexcept;
  void look_at_limits(Clock::time_point now) noexcept;
  void retry_threads(Clock::time_point now) noexcept;
  void end_idle_spares(Clock::time_point now) noexcept;
  void give_memory_back(Clock::time_point now) noexcept;

  Pool& pool_;
  const unsigned most_;  // workers that run in others' places at once
  const std::chrono::nanoseconds report_after_;  // how long a call that is not marked may block; zero: for ever
  const bool is_asymmetric_;
  TierWatch tiers_;
  LimitWatch limits_;
  Pace pace_;
  Atomic<bool> stopping_{false};
  Atomic<bool> has_seen_timers_{false};
  // ---- guarded by Pool::threads_mutex_ ----
  std::thread thread_;
  std::chrono::steady_clock::time_point refused_last_;
  // ---- by the thread itself ----
  std::vector<Watched> watched_;
  TimeNs next_of_all_ = kNeverNs;  // timer of any worker
  bool is_io_pending_ = false;     // on any worker
  bool is_interrupted_ = false;    // any worker
  TimeNs next_timer_ = kNeverNs;   // of a worker that is busy, and of one whose thread does not know of it
  unsigned replaced_ = 0;  // workers in whose place another may run
  Clock::time_point replaced_last_;
  Clock::time_point retried_last_;
  Clock::time_point limits_last_;
  Clock::time_point cleaned_last_;
  Clock::time_point unmarked_last_;
  Clock::time_point busy_last_;
  Clock::time_point io_seen_last_;
  std::chrono::nanoseconds last_turn_{0};  // as long as it was meant to be
  std::chrono::nanoseconds tiers_looked_ago_ = std::chrono::milliseconds(1);  // the first turn looks
  Clock::time_point asked_last_;
  CallSites sites_;
};

}  // namespace weft::inline v0
