#include "topo/pinning/strategies.hpp"
#include "topo/pinning/usable_cores.hpp"

namespace weft::inline v0 {

std::vector<PlannedTier> plan_avoid_smt(const Topology& machine) {
  const std::vector<UsableDomain> domains = usable_domains(machine);
  std::vector<const UsableCore*> cores;
  // On a hybrid processor, an efficiency core is slower than a performance core, but faster than half of one.
  for (const CoreKind kind : {CoreKind::Performance, CoreKind::Efficiency}) {
    for (const UsableDomain& domain : domains) {
      for (const UsableCore& core : domain.cores) {
        if (machine.cores[core.core].kind == kind) cores.push_back(&core);
      }
    }
  }
  return {{TierKind::All, in_rounds(cores, 0, machine.pus.size())}};
}

}  // namespace weft::inline v0
