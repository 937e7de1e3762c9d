/// @file
/// How many tiers of PinningStrategy::TieredSpillover are open.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <weft/sched/tier_options.hpp>

namespace weft::inline v0 {

/// What is known of the workers of the open tiers, and of the queues, at one moment.
struct TierSample {
  std::int64_t now_ns = 0;       ///< by the steady clock
  double busy = 0;               ///< how many of these workers ran something, on average since the sample before
  unsigned waiting = 0;          ///< jobs that have waited in queues since the sample before
  bool is_anybody_idle = false;  ///< one of these workers sleeps who may be woken, or somebody searches
  unsigned least_open = 1;       ///< tiers that are to be open, whatever the load
};

/// Refuses options that say nothing sensible.
///
/// Errors: UsageError that names the member, its value, and what it may be.
void validate(const TierOptions& options);

/// Decides from samples how many tiers are open. Knows no clock and no thread.
///
/// **Opening.** The next tier opens when work has waited in all samples of its spill delay; work that is visible while somebody is idle does not
/// wait, it is on its way. Then as many tiers open as the jobs that wait can occupy. One tier opens when the smoothed number of busy workers was at
/// or above its threshold for its spill delay.
///
/// **Closing.** The last open tier closes when no work has waited, and the smoothed number of busy workers was at or below its lower threshold *of
/// the workers that stay*, for its hysteresis. It is not the utilisation of what is open that counts: eight workers at 80 % that get 48 siblings are
/// 11 % of 56, which would close the siblings, and so on for ever. Measured in workers of the tiers below, a tier has two limits, the one at which
/// it opens above the one at which it closes, whatever its size; so a constant number of jobs opens no tier again that it has closed.
///
/// A load that is constant only on average may: short bursts of more jobs than there are workers wait, which opens a tier, and leave it idle on
/// average, which closes it. Then there are as many changes as the pace allows.
///
/// **Pace.** A change comes after the last one by the hysteresis of the tier that it opens or closes, at least: one change in that time, whatever
/// the load. A job that waits while a tier is closed therefore sees it open after hysteresis + 1 tick or spill delay + 2 ticks, whichever is longer:
/// it is seen after one tick, and what is due happens at the next. With a hysteresis of a tick or more that is within spill delay + hysteresis +
/// 1 tick.
///
/// **Asked for.** Tiers that somebody asks for open at the next sample, without a pause, and do not close while they are asked for. Afterwards load
/// alone decides again.
///
/// **Smoothing.** An exponential average, in which a sample weighs dt / (dt + tau) for the time dt since the one before. That is 1 - exp(-dt / tau)
/// to the first order, and takes long gaps too: a sample after seconds is nearly all of the average, as `busy` is of the whole gap. tau is a tenth
/// of the shortest hysteresis, so that a load that has ended delays closing by little of the window, and 5 ms at most, so that a long hysteresis does
/// not delay opening.
///
/// **Gaps.** When the average passes a limit between two samples, the moment is calculated from the same formula, and the time from then on counts.
/// So one sample after a rest in which nobody ran closes a tier, if the rest was long enough; the next tier has a window of its own.
///
/// A sample that is not later than the one before is ignored.
class TierPolicy {
 public:
  /// Tier 0 is open. Pre: validate() takes the options; no tier is empty.
  ///
  /// @param kinds  of these tiers, for overrides that name one
  TierPolicy(const std::vector<unsigned>& workers_of_tiers, const TierOptions& options, const std::vector<TierKind>& kinds = {});

  /// Cost: 10 to 20 ns. No allocation.
  [[nodiscard]] std::optional<TierChange> step(const TierSample& sample) noexcept;

  /// Of the tiers that can be opened; the longest there is where there are none.
  [[nodiscard]] std::chrono::nanoseconds shortest_hysteresis() const noexcept { return shortest_hysteresis_; }

  /// Tiers.
  [[nodiscard]] unsigned open() const noexcept { return open_; }
  [[nodiscard]] bool are_all_open() const noexcept { return !has_next(); }
  [[nodiscard]] unsigned open_workers() const noexcept { return workers_of(open_); }

  /// When the last tier closes if nobody runs anything from the last sample on; nothing: it stays open. For who gives no samples while all sleep.
  [[nodiscard]] std::optional<std::int64_t> next_look_ns() const noexcept;

 private:
  using Moment = std::optional<std::int64_t>;

  struct Tier {
    unsigned workers;
    unsigned workers_below;      // of the tiers before it
    double opens_at, closes_at;  // busy workers
    std::int64_t spill_delay_ns, hysteresis_ns;
  };

  [[nodiscard]] unsigned workers_of(unsigned tiers) const noexcept { return tiers_[tiers - 1].workers_below + tiers_[tiers - 1].workers; }
  [[nodiscard]] bool has_next() const noexcept { return open_ < tiers_.size(); }
  [[nodiscard]] unsigned open_after_waiting(std::int64_t now_ns, unsigned waiting) const noexcept;
  [[nodiscard]] bool has_rested(const Tier& tier, std::int64_t now_ns) const noexcept;
  [[nodiscard]] std::int64_t passed_at(std::int64_t last_ns, double limit, double busy, std::int64_t latest_ns) const noexcept;
  TierChange change_to(unsigned open, TierReason reason, std::int64_t now_ns) noexcept;

  std::vector<Tier> tiers_;
  std::chrono::nanoseconds shortest_hysteresis_ = std::chrono::nanoseconds::max();
  double tau_ns_ = 0;
  unsigned open_ = 1;
  unsigned least_open_ = 1;
  Moment last_ns_;       // the last sample
  double average_ = 0;   // of busy workers
  Moment changed_ns_;    // the last change
  // Since when, without a break and at most since the last change:
  Moment waiting_since_;
  Moment high_since_;  // the average is at the limit of the next tier or above
  Moment low_since_;   // the average is at the limit of the last tier or below, and no work waits
};

}  // namespace weft::inline v0
