/// @file
/// Opens and closes the tiers of a pool under load.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sched/load_meter.hpp"
#include "sched/tier_policy.hpp"
#include <weft/base/atomic.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/sched/stats.hpp>
#include <weft/sched/tier_options.hpp>
#include <weft/topo/pinning.hpp>

namespace weft::inline v0 {

class Pool;

/// Gives TierPolicy its samples, and does what it says (README.md, "tiers").
///
/// Threads: that of the monitor, but for has_tiers(), ask() and stats(), by any.
class TierWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// Does nothing if the plan has one tier. Pre: validate() takes the options. Lifetime: plan and hook outlive it.
  TierWatch(Pool& pool, const PinningPlan& plan, unsigned spare_workers, const TierOptions& options,
            const std::function<void(const TierChange&)>& on_change);

  [[nodiscard]] bool has_tiers() const noexcept { return policy_.has_value(); }

  /// Workers of the tiers that are open at first.
  [[nodiscard]] unsigned open_workers() const noexcept { return policy_->open_workers(); }

  /// At the next look so many tiers are to be open at least, until it is called again. Who calls it tells the monitor.
  // relaxed: ordered by who tells the monitor, as what else it is told of is.
  void ask(unsigned least_open) noexcept { asked_.store(least_open, relaxed); }
  /// Whether the last look was before somebody asked.
  // relaxed: as above.
  [[nodiscard]] bool must_answer() const noexcept { return asked_.load(relaxed) != answered_; }

  /// Pre: has_tiers().
  void look(Clock::time_point now) noexcept;

  [[nodiscard]] bool is_anybody_awake() const noexcept { return is_anybody_awake_; }

  /// Whether work may be waiting for a tier to be opened: all of the open ones are busy, and there are others.
  [[nodiscard]] bool is_pressing() const noexcept { return is_pressing_; }

  /// When the next look should be while somebody runs, and it is not pressing.
  [[nodiscard]] std::chrono::nanoseconds busy_turn() const noexcept;

  /// The same while everybody sleeps.
  [[nodiscard]] std::chrono::nanoseconds idle_turn(Clock::time_point now) const noexcept;

  [[nodiscard]] std::vector<TierStats> stats() const;  // threads: any

 private:
  struct Count {
    OwnerCount opened;
    OwnerCount closed;
  };

  struct MeterHost;

  void make(const TierChange& change) noexcept;

  Pool& pool_;
  const PinningPlan& plan_;
  const std::function<void(const TierChange&)>& on_change_;
  std::optional<TierPolicy> policy_;
  unsigned tiers_ = 0;
  Atomic<unsigned> asked_{1};  // tiers
  std::unique_ptr<Count[]> counts_;  // of each tier; read for statistics
  // ---- at the last look ----
  LoadMeter meter_;
  unsigned answered_ = 1;  // tiers
  bool is_anybody_awake_ = false;
  bool is_pressing_ = false;
};

}  // namespace weft::inline v0
