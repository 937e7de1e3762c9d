/// @file
/// The pool as the idle protocol sees it.
#pragma once

#include "sched/pool.hpp"
#include "sched/wake_rank.hpp"

namespace weft::inline v0 {

/// The pool as those see it who decide who is awake.
struct Pool::SeatHost {
  Pool& pool;
  WakeWish wish = {};

  bool try_unpark(unsigned index) const noexcept { return pool.try_unpark(index); }
  [[nodiscard]] WakeRank rank() const noexcept {
    const WorkerContext* const worker = current_worker();
    return {pool.tiers_, pool.arena_of_, pool.is_own(worker) ? &static_cast<const Worker*>(worker)->victims() : nullptr, wish};
  }
  void heavy_fence() const noexcept { v0::heavy_fence(); }
  [[nodiscard]] bool has_visible_work() const noexcept { return pool.has_visible_work(); }
  bool wake_one() const noexcept { return pool.wake_one(); }
  void call_busy() const noexcept { pool.call_for_visible_work(); }
  void about_to_sleep() const noexcept { pool.about_to_sleep(); }
  [[nodiscard]] bool has_unknown_wakeup(unsigned index) const noexcept {
    Worker& worker = pool.seats_[index];
    if (worker.is_poller_unwatched()) return true;
    return worker.next_timer_hint() != kNeverNs && worker.is_unknown_timer(worker.timers->next());
  }
  void watch_timers() const noexcept { pool.timer_is_first(0); }
};

}  // namespace weft::inline v0
