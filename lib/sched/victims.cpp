#include "sched/victims.hpp"

namespace weft::inline v0 {

Victims::Victims(const Topology& machine, const PinningPlan& plan, unsigned worker) {
  const auto node_of = [&](unsigned of) { return machine.cores[machine.pus[plan.pus[of]].core].node; };
  ring_of_.resize(plan.pus.size());
  std::uint8_t number = 0;
  for (const std::vector<unsigned>& ring : steal_rings(machine, plan, worker)) {
    if (number != 255) ++number;
    for (const unsigned other : ring) ring_of_[other] = number;
    if (node_of(ring.front()) == node_of(worker)) first_remote_ += static_cast<unsigned>(ring.size());
    order_.insert(order_.end(), ring.begin(), ring.end());
    ring_ends_.push_back(static_cast<unsigned>(order_.size()));
  }
}

}  // namespace weft::inline v0
