/// @file
/// How often tiers have to be looked at.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sched/tier_policy.hpp"

namespace weft::inline v0 {

inline constexpr std::chrono::hours kNoTurn{1};  // nothing has to be looked at
inline constexpr std::chrono::milliseconds kShortestTurn{1};

/// When the next look should be while somebody runs, and nobody is pressed for another tier.
[[nodiscard]] inline std::chrono::nanoseconds turn_while_busy(const TierPolicy& policy) noexcept {
  constexpr std::chrono::milliseconds kTurn{4};  // each look is some 20 us, of a processor that somebody else may have
  constexpr unsigned kLooksInHysteresis = 8;     // so that a window is measured to an eighth
  if (!policy.are_all_open()) return kTurn;
  return std::max<std::chrono::nanoseconds>(policy.shortest_hysteresis() / kLooksInHysteresis, kShortestTurn);
}

/// The same while everybody sleeps: when the policy has a tier to close.
[[nodiscard]] inline std::chrono::nanoseconds turn_while_idle(const TierPolicy& policy, std::int64_t now_ns) noexcept {
  const auto next = policy.next_look_ns();
  if (!next) return kNoTurn;
  return std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(*next - now_ns), kShortestTurn);
}

}  // namespace weft::inline v0
