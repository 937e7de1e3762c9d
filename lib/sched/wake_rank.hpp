/// @file
/// Whom to wake first.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/victims.hpp"

namespace weft::inline v0 {

/// What is known of work for which somebody is to be woken.
struct WakeWish {
  static constexpr unsigned kNone = ~0U;

  unsigned arena = kNone;   ///< to which it was sent
  unsigned worker = kNone;  ///< which ran it last, not long ago
};

/// The order in which sleepers are woken: those of the arena that the work was sent to; of these, those of the lowest tier; of these, the one that
/// has run it last, then the one that is nearest to the caller. Spare ones, which have no place, are the last.
///
/// Lifetime: what it refers to outlives it.
struct WakeRank {
  static constexpr unsigned kTierBits = 9;  // a ring, and one more
  static constexpr unsigned kLastInArena = (256U << kTierBits) - 1;

  const std::vector<std::uint8_t>& tiers;  ///< of each worker that has a place
  const std::vector<unsigned>& arenas;     ///< of each worker that has a place
  const Victims* near;                     ///< of the caller; null: it is no worker
  WakeWish wish;

  [[nodiscard]] bool is_any() const noexcept { return tiers.empty() && wish.worker == WakeWish::kNone; }

  [[nodiscard]] unsigned operator()(unsigned worker) const noexcept {
    const unsigned distance = worker == wish.worker ? 0U : near != nullptr ? 1 + near->ring_of(worker) : 1U;
    if (tiers.empty()) return distance;
    if (worker >= tiers.size()) return ~0U;
    const unsigned is_elsewhere = wish.arena != WakeWish::kNone && arenas[worker] != wish.arena ? kLastInArena + 1 : 0U;
    return is_elsewhere | unsigned{tiers[worker]} << kTierBits | distance;
  }
};

}  // namespace weft::inline v0
