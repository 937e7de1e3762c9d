#include "sched/victims.hpp"

namespace weft::inline v0 {

Victims::Victims(const Topology& machine, const PinningPlan& plan, unsigned worker) : ring_of_(plan.pus.size()) {
  const auto node_of = [&](unsigned of) { return machine.cores[machine.pus[plan.pus[of]].core].node; };
  std::uint8_t number = 0;
  for (const std::vector<unsigned>& ring : steal_rings(machine, plan, worker)) {
    if (number != 255) ++number;
    for (const unsigned other : ring) {
      ring_of_[other] = number;
      order_.push_back({other, node_of(other) != node_of(worker)});
    }
    ring_ends_.push_back(static_cast<unsigned>(order_.size()));
  }
}

}  // namespace weft::inline v0
