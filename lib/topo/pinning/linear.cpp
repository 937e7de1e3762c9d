#include <algorithm>

#include "topo/pinning/strategies.hpp"

namespace weft::inline v0 {

std::vector<PlannedTier> plan_linear(const Topology& machine) {
  PlannedTier all{TierKind::All, {}};
  for (unsigned pu = 0; pu < machine.pus.size(); ++pu) {
    if (machine.pus[pu].is_allowed) all.pus.push_back(pu);
  }
  std::sort(all.pus.begin(), all.pus.end(), [&](unsigned a, unsigned b) { return machine.pus[a].os_index < machine.pus[b].os_index; });
  return {all};
}

}  // namespace weft::inline v0
