#include <algorithm>
#include <map>
#include <tuple>

#include "topo/cpu_list.hpp"
#include "topo/pinning/strategies.hpp"
#include "topo/pinning/usable_cores.hpp"
#include <weft/base/assert.hpp>
#include <weft/topo/pinning.hpp>

namespace weft::inline v0 {

const char* name_of(PinningStrategy strategy) noexcept {
  switch (strategy) {
    case PinningStrategy::None:
      return "None";
    case PinningStrategy::Linear:
      return "Linear";
    case PinningStrategy::AvoidSMT:
      return "AvoidSMT";
    case PinningStrategy::CCDIsolation:
      return "CCDIsolation";
    case PinningStrategy::TieredSpillover:
      return "TieredSpillover";
  }
  return "unknown";
}

const char* name_of(TierKind kind) noexcept {
  switch (kind) {
    case TierKind::All:
      return "all processors";
    case TierKind::HomeDomain:
      return "home L3 domain";
    case TierKind::SameNode:
      return "other L3 domains of the node";
    case TierKind::OtherNodes:
      return "other NUMA nodes";
    case TierKind::Siblings:
      return "SMT siblings";
    case TierKind::Surplus:
      return "more workers than processors";
  }
  return "unknown";
}

namespace {

std::vector<PlannedTier> tiers_for(const Topology& machine, PinningStrategy strategy) {
  switch (strategy) {
    case PinningStrategy::None:
      break;
    case PinningStrategy::Linear:
      return plan_linear(machine);
    case PinningStrategy::AvoidSMT:
      return plan_avoid_smt(machine);
    case PinningStrategy::CCDIsolation:
      return plan_ccd_isolation(machine);
    case PinningStrategy::TieredSpillover:
      return plan_tiered_spillover(machine);
  }
  return {};
}

/// Gives the next workers these processors, as far as there are workers.
void add_tier(PinningPlan& plan, TierKind kind, const std::vector<unsigned>& pus) {
  const auto first = static_cast<unsigned>(plan.pus.size());
  const auto count = std::min(plan.workers - first, static_cast<unsigned>(pus.size()));
  if (count == 0) return;
  plan.pus.insert(plan.pus.end(), pus.begin(), pus.begin() + count);
  plan.tiers.push_back({name_of(kind), first, count, kind});
}

/// Workers for which there is no processor of their own begin again at the first.
void add_surplus(PinningPlan& plan) {
  const auto bound = static_cast<unsigned>(plan.pus.size());
  if (bound == plan.workers) return;
  for (unsigned worker = bound; worker < plan.workers; ++worker) plan.pus.push_back(plan.pus[worker % bound]);
  if (plan.strategy == PinningStrategy::TieredSpillover) {
    plan.tiers.push_back({name_of(TierKind::Surplus), bound, plan.workers - bound, TierKind::Surplus});
  } else {
    plan.tiers.back().count = plan.workers;
  }
}

}  // namespace

PinningPlan plan_pinning(const Topology& machine, PinningStrategy strategy, unsigned workers) {
  WEFT_CHECK(workers > 0, "plan_pinning: there are no workers");
  PinningPlan plan;
  plan.strategy = strategy;
  plan.workers = workers;
  if (strategy == PinningStrategy::None) {
    plan.tiers.push_back({"all workers, wherever the kernel puts them", 0, workers, TierKind::All});
    return plan;
  }
  machine.check();
  for (const PlannedTier& tier : tiers_for(machine, strategy)) add_tier(plan, tier.kind, tier.pus);
  add_surplus(plan);
  return plan;
}

std::string PinningPlan::describe(const Topology& machine) const {
  std::string text;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const Tier& tier = tiers[i];
    text.append("tier ").append(std::to_string(i)).append(": workers ").append(std::to_string(tier.first));
    if (tier.count > 1) text.append("-").append(std::to_string(tier.first + tier.count - 1));
    if (!pus.empty()) {
      std::vector<unsigned> numbers;
      for (unsigned worker = tier.first; worker < tier.first + tier.count; ++worker) numbers.push_back(machine.pus[pus[worker]].os_index);
      text.append(" on processors ").append(format_cpu_list(numbers));
    }
    text.append(" (").append(tier.name).append(")\n");
  }
  return text;
}

std::vector<std::vector<unsigned>> steal_rings(const Topology& machine, const PinningPlan& plan, unsigned worker) {
  const Topology::Pu& mine = machine.pus[plan.pus[worker]];
  const Topology::Core& core = machine.cores[mine.core];
  std::map<std::tuple<unsigned, unsigned>, std::vector<unsigned>> rings;
  for (unsigned other = 0; other < plan.workers; ++other) {
    if (other == worker) continue;
    const Topology::Pu& its = machine.pus[plan.pus[other]];
    const Topology::Core& there = machine.cores[its.core];
    const unsigned level = its.core == mine.core ? 0 : there.l3 == core.l3 ? 1 : there.node == core.node ? 2 : there.package == core.package ? 3 : 4;
    rings[{level, level < 3 ? 0 : distance_between(machine, core.node, there.node)}].push_back(other);
  }
  std::vector<std::vector<unsigned>> order;
  for (auto& ring : rings) order.push_back(std::move(ring.second));
  return order;
}

}  // namespace weft::inline v0
