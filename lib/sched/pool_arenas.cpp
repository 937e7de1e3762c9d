// The arenas of a pool: which workers belong together.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "sched/arena_queues.hpp"
#include "sched/pool.hpp"

namespace weft::inline v0 {

void Pool::make_arenas() {
  const PinningPlan& plan = config_.plan;
  const Topology& machine = config_.machine;
  std::map<unsigned, std::vector<unsigned>> workers_of;  // each node
  for (unsigned worker = 0; worker < plan.pus.size(); ++worker) {
    workers_of[machine.cores[machine.pus[plan.pus[worker]].core].node].push_back(worker);
  }
  if (workers_of.empty()) {
    for (unsigned worker = 0; worker < config_.workers; ++worker) workers_of[0].push_back(worker);
  }
  arena_of_.resize(plan.pus.size());
  for (auto& [node, workers] : workers_of) {
    const auto index = static_cast<unsigned>(arenas_.size());
    for (const unsigned worker : workers) {
      if (!plan.pus.empty()) arena_of_[worker] = index;
    }
    const auto number = plan.pus.empty() ? std::nullopt : std::optional(machine.nodes[node].os_index);
    NodeMemory* memory = config_.memory_of(workers.front());
    // All workers are on one node, of several perhaps: what they need themselves lies there anyway, but the user may want more.
    if (memory == nullptr && number && machine.is_this_machine) memory = &NodeMemory::of(*number);
    if (memory != nullptr && !memory->has_range()) memory = nullptr;
    arenas_.push_back(std::make_unique<NumaArena>(*this, index, number, memory, std::move(workers), workers_of.size() == 1));
    arena_list_.push_back(arenas_.back().get());
  }
}

NumaArena* Pool::arena_of(unsigned worker) const noexcept {
  if (!has_arenas()) return arena_list_.front();
  return worker < arena_of_.size() ? arena_list_[arena_of_[worker]] : nullptr;
}

ArenaQueues* Pool::queues_of_arena_of(unsigned worker) const noexcept {
  NumaArena* const arena = arena_of(worker);
  return arena != nullptr ? arena->queues_.get() : nullptr;
}

}  // namespace weft::inline v0
