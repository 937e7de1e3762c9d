/// @file
/// One function for each strategy: all allowed processors, in the order in which workers get them.
#pragma once

#include <vector>

#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

struct PlannedTier {
  TierKind kind;
  std::vector<unsigned> pus;  // by their place in Topology::pus
};

// Each in a file of its own.
[[nodiscard]] std::vector<PlannedTier> plan_linear(const Topology& machine);
[[nodiscard]] std::vector<PlannedTier> plan_avoid_smt(const Topology& machine);
[[nodiscard]] std::vector<PlannedTier> plan_ccd_isolation(const Topology& machine);
[[nodiscard]] std::vector<PlannedTier> plan_tiered_spillover(const Topology& machine);

}  // namespace weft::inline v0
