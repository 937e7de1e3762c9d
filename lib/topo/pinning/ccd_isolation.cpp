#include "topo/pinning/strategies.hpp"
#include "topo/pinning/usable_cores.hpp"

namespace weft::inline v0 {

std::vector<PlannedTier> plan_ccd_isolation(const Topology& machine) {
  const std::vector<UsableDomain> domains = usable_domains(machine);
  PlannedTier all{TierKind::All, {}};
  for (const std::size_t domain : by_distance(machine, domains, home_of(machine, domains))) {
    std::vector<const UsableCore*> cores;
    for (const UsableCore& core : domains[domain].cores) cores.push_back(&core);
    for (const unsigned pu : in_rounds(cores, 0, machine.pus.size())) all.pus.push_back(pu);
  }
  return {all};
}

}  // namespace weft::inline v0
