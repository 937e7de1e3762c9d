/// @file
/// The pool as the idle protocol sees it.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/pool.hpp"

namespace weft::inline v0 {

/// Whom to wake first: a worker of the arena that the work was sent to, of these one of the lowest tier, and of these the one that is nearest to
/// the caller. Spare ones, which have no place, are the last.
struct Pool::WakeRank {
  static constexpr unsigned kLastInArena = 0xffff;

  const Pool& pool;
  const Victims* near;     // null: the caller is no worker
  const NumaArena* arena;  // null: none

  [[nodiscard]] bool is_any() const noexcept { return pool.tiers_.empty(); }
  [[nodiscard]] unsigned operator()(unsigned worker) const noexcept {
    if (worker >= pool.tiers_.size()) return ~0U;
    const unsigned is_elsewhere = arena != nullptr && pool.arena_of(worker) != arena ? kLastInArena + 1 : 0U;
    return is_elsewhere | unsigned{pool.tiers_[worker]} << 8 | (near != nullptr ? near->ring_of(worker) : 0U);
  }
};

/// The pool as those see it who decide who is awake.
struct Pool::SeatHost {
  Pool& pool;
  const NumaArena* arena = nullptr;  // for whose workers there is work

  bool try_unpark(unsigned index) const noexcept { return pool.try_unpark(index); }
  [[nodiscard]] WakeRank rank() const noexcept {
    const WorkerContext* const worker = current_worker();
    return {pool, pool.is_own(worker) ? &static_cast<const Worker*>(worker)->victims() : nullptr, arena};
  }
  void heavy_fence() const noexcept { v0::heavy_fence(); }
  [[nodiscard]] bool has_visible_work() const noexcept { return pool.has_visible_work(); }
  bool wake_one() const noexcept { return pool.wake_one(); }
  void call_busy() const noexcept { pool.call_for_visible_work(); }
  void about_to_sleep() const noexcept { pool.about_to_sleep(); }
};

}  // namespace weft::inline v0
