#include "sched/worker_memory.hpp"

#include <algorithm>
#include <functional>

namespace weft::inline v0 {

std::vector<NodeMemory*> memory_of_workers(const Topology& machine, const PinningPlan& plan, bool huge_pages, std::size_t prefault) {
  std::vector<unsigned> nodes;  // of each worker
  nodes.reserve(plan.pus.size());
  for (const unsigned pu : plan.pus) nodes.push_back(machine.cores[machine.pus[pu].core].node);
  if (std::adjacent_find(nodes.begin(), nodes.end(), std::not_equal_to<>()) == nodes.end()) return {};
  std::vector<NodeMemory*> memory;
  memory.reserve(nodes.size());
  for (const unsigned node : nodes) {
    const unsigned number = machine.nodes[node].os_index;
    memory.push_back(&NodeMemory::of(machine.is_this_machine ? number : NodeMemory::kImagined + number));
    if (huge_pages) memory.back()->use_huge_pages();
    memory.back()->prefault(prefault);  // once: what is there already is not asked for again
  }
  return memory;
}

}  // namespace weft::inline v0
