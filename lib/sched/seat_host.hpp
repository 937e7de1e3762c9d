/// @file
/// The pool as the idle protocol sees it.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/pool.hpp"

namespace weft::inline v0 {

/// Whom to wake first: a worker of the lowest tier, and of these the one that is nearest to the caller. Spare ones, which have no place, are the
/// last.
struct Pool::WakeRank {
  const PinningPlan& plan;
  const std::vector<std::uint8_t>& tiers;
  const Victims* near;  // null: the caller is no worker

  [[nodiscard]] bool is_any() const noexcept { return plan.pus.empty(); }
  [[nodiscard]] unsigned operator()(unsigned worker) const noexcept {
    if (worker >= tiers.size()) return ~0U;
    return unsigned{tiers[worker]} << 8 | (near != nullptr ? near->ring_of(worker) : 0U);
  }
};

/// The pool as those see it who decide who is awake.
struct Pool::SeatHost {
  Pool& pool;

  bool try_unpark(unsigned index) const noexcept { return pool.try_unpark(index); }
  [[nodiscard]] WakeRank rank() const noexcept {
    const WorkerContext* const worker = current_worker();
    const bool is_mine = worker != nullptr && worker->executor == &pool;
    return {pool.config_.plan, pool.tiers_, is_mine ? &static_cast<const Worker*>(worker)->victims() : nullptr};
  }
  void heavy_fence() const noexcept { v0::heavy_fence(); }
  [[nodiscard]] bool has_visible_work() const noexcept { return pool.has_visible_work(); }
  bool wake_one() const noexcept { return pool.wake_one(); }
  void call_busy() const noexcept { pool.call_for_visible_work(); }
  void about_to_sleep() const noexcept { pool.about_to_sleep(); }
};

}  // namespace weft::inline v0
