/// @file
/// When PinningStrategy::TieredSpillover opens and closes its tiers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <weft/topo/pinning.hpp>

namespace weft::inline v0 {

/// Why tiers were opened or closed.
enum class TierReason : std::uint8_t {
  WorkWaited,  ///< opened: jobs waited for the spill delay, and nobody was idle
  HighLoad,    ///< opened: the open tiers were busier than the threshold for the spill delay
  LowLoad,     ///< closed: what was busy would have fit into the tiers that stay, for the hysteresis
  Asked        ///< opened: Runtime::open_tiers asked for it
};

/// The open tiers are always the first ones, so their number says which.
struct TierChange {
  unsigned open_before = 0;     ///< tiers
  unsigned open_after = 0;      ///< one less, or one or several more
  unsigned workers_before = 0;  ///< of the open tiers
  unsigned workers_after = 0;
  TierReason reason = TierReason::WorkWaited;
  std::chrono::steady_clock::time_point time = {};
  bool operator==(const TierChange&) const = default;
};

/// What is different for one tier, named by its kind or by its number; what is not set is as TierOptions has it for all.
///
/// Errors: making a Runtime throws UsageError where both are set, or neither; for TierKind::All and TierKind::HomeDomain, which are always open; and
///         for values that TierOptions refuses.
struct TierOverride {
  unsigned tier = 0;                   ///< its number in PinningPlan::tiers, from 1: tier 0 is always open
  std::optional<TierKind> kind = {};  ///< instead of the number: the same on every machine
  std::optional<double> threshold = {};
  std::optional<double> lower_threshold = {};
  std::optional<std::chrono::nanoseconds> spill_delay = {};
  std::optional<std::chrono::nanoseconds> hysteresis = {};
};

/// How load opens and closes tiers. Tiers open in order, and close in reverse. The defaults are right for most programs.
///
/// While a tier is closed, work waits no longer than spill_delay + hysteresis + a tick of the runtime's watcher (4 ms, and 1 ms while nobody is
/// idle) before another one opens.
struct TierOptions {
  /// The utilisation of the open tiers from which the next one opens, although no work waits: the share of their workers that run something, above
  /// 0 and at most 1. With 1, only work that waits opens it.
  /// Default: 0.8; most loads vary by a fifth, so that above that work would have to wait now and then.
  double threshold = 0.8;

  /// The last tier closes when what is busy is at most this share of the workers that stay; above 0, and below `threshold`.
  /// Default: 0.6; what lies between the two is the room in which a load may vary and nothing changes.
  double lower_threshold = 0.6;

  /// How long work has to wait, or utilisation to be at its threshold, until the next tier opens. Zero: until it is seen once.
  /// Default: 1 ms; what takes less is over before workers elsewhere have begun, and with caches that are cold.
  std::chrono::nanoseconds spill_delay = std::chrono::milliseconds(1);

  /// How long the load has to be low until a tier closes, and the least time between two changes; more than zero.
  /// Default: 50 ms, in which a frame of a game and most pauses between two parallel loops fit.
  std::chrono::nanoseconds hysteresis = std::chrono::milliseconds(50);

  /// Other values for the opening and closing of some tiers, each kind and each number once; those that a machine does not have are ignored. What is
  /// said for a number counts more than what is said for the kind of that tier. Example: siblings that open only when work waits,
  /// `{{.kind = TierKind::Siblings, .threshold = 1}}`.
  std::vector<TierOverride> overrides = {};
};

}  // namespace weft::inline v0
