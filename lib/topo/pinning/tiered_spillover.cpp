#include "topo/pinning/strategies.hpp"
#include "topo/pinning/usable_cores.hpp"

namespace weft::inline v0 {

std::vector<PlannedTier> plan_tiered_spillover(const Topology& machine) {
  const std::vector<UsableDomain> domains = usable_domains(machine);
  const std::size_t home = home_of(machine, domains);
  std::vector<const UsableCore*> all, at_home, in_node, in_other_nodes;
  for (const std::size_t domain : by_distance(machine, domains, home)) {
    const bool is_in_node = domains[domain].node == domains[home].node;
    auto& cores = domain == home ? at_home : is_in_node ? in_node : in_other_nodes;
    for (const UsableCore& core : domains[domain].cores) {
      cores.push_back(&core);
      all.push_back(&core);
    }
  }
  return {{TierKind::HomeDomain, in_rounds(at_home, 0, 1)},
          {TierKind::SameNode, in_rounds(in_node, 0, 1)},
          {TierKind::OtherNodes, in_rounds(in_other_nodes, 0, 1)},
          {TierKind::Siblings, in_rounds(all, 1, machine.pus.size())}};
}

}  // namespace weft::inline v0
