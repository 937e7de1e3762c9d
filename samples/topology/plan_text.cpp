#include "plan_text.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace topology_sample {
namespace {

using weft::PinningPlan;
using weft::Topology;
using Rings = std::vector<std::vector<unsigned>>;

constexpr unsigned kMostOneByOne = 16;  // workers with a line each
constexpr std::size_t kAllRuns = kMostOneByOne;
constexpr std::size_t kFewRuns = 4;

/// The workers whose rings have the same sizes.
struct Alike {
  std::vector<std::size_t> ring_sizes;
  std::vector<unsigned> workers;
  Rings rings_of_first;
};

std::vector<Alike> alike_workers(const Topology& machine, const PinningPlan& plan) {
  std::vector<Alike> groups;
  std::map<std::vector<std::size_t>, std::size_t> group_of;
  for (unsigned worker = 0; worker < plan.workers; ++worker) {
    Rings rings = weft::steal_rings(machine, plan, worker);
    std::vector<std::size_t> sizes;
    for (const auto& ring : rings) sizes.push_back(ring.size());
    const auto [at, is_new] = group_of.try_emplace(sizes, groups.size());
    if (is_new) groups.push_back({sizes, {}, std::move(rings)});
    groups[at->second].workers.push_back(worker);
  }
  return groups;
}

std::string joined(const Rings& rings, std::size_t most) {
  std::string text;
  for (const auto& ring : rings) text.append(text.empty() ? "" : " | ").append(listed(ring, most));
  return text.empty() ? "nobody" : text;
}

std::string joined(const std::vector<std::size_t>& sizes) {
  std::string text;
  for (const std::size_t size : sizes) text.append(text.empty() ? "" : ", ").append(std::to_string(size));
  return text;
}

/// "worker 3", "workers 0-7,16".
std::string named(const std::vector<unsigned>& workers) { return (workers.size() == 1 ? "worker " : "workers ") + listed(workers, kFewRuns); }

std::string stealing_one_by_one(const Topology& machine, const PinningPlan& plan) {
  std::string text;
  for (unsigned worker = 0; worker < plan.workers; ++worker) {
    text.append("worker ").append(std::to_string(worker)).append(" steals from ");
    text.append(joined(weft::steal_rings(machine, plan, worker), kAllRuns)).append("\n");
  }
  return text;
}

std::string stealing_of_alike(const Topology& machine, const PinningPlan& plan) {
  std::string text;
  for (const Alike& group : alike_workers(machine, plan)) {
    const bool is_one = group.workers.size() == 1;
    text.append(named(group.workers)).append(is_one ? " steals" : " steal").append(" from rings of ").append(joined(group.ring_sizes));
    if (!is_one) text.append("; worker ").append(std::to_string(group.workers.front()));
    text.append(is_one ? ": " : " from ").append(joined(group.rings_of_first, kFewRuns)).append("\n");
  }
  return text;
}

}  // namespace

std::string listed(const std::vector<unsigned>& numbers, std::size_t most) {
  std::string text;
  std::size_t at = 0;
  for (std::size_t runs = 0; at < numbers.size() && runs < most; ++runs) {
    const std::size_t first = at++;
    while (at < numbers.size() && numbers[at] == numbers[at - 1] + 1) ++at;
    text.append(text.empty() ? "" : ",").append(std::to_string(numbers[first]));
    if (at - first > 1) text.append("-").append(std::to_string(numbers[at - 1]));
  }
  if (at < numbers.size()) text.append(" and ").append(std::to_string(numbers.size() - at)).append(" more");
  return text;
}

std::string describe_arenas(const Topology& machine, const PinningPlan& plan) {
  if (plan.pus.empty()) return "no arenas: a worker without a processor belongs to no node\n";
  std::vector<std::vector<unsigned>> workers_of(machine.nodes.size());
  for (unsigned worker = 0; worker < plan.workers; ++worker) {
    workers_of[machine.cores[machine.pus[plan.pus[worker]].core].node].push_back(worker);
  }
  std::string text;
  std::vector<unsigned> empty;
  unsigned arena = 0;
  for (std::size_t node = 0; node < workers_of.size(); ++node) {
    const unsigned number = machine.nodes[node].os_index;
    if (workers_of[node].empty()) {
      empty.push_back(number);
      continue;
    }
    text.append("arena ").append(std::to_string(arena++)).append(" (node ").append(std::to_string(number)).append("): ");
    text.append(named(workers_of[node])).append("\n");
  }
  if (empty.empty()) return text;
  std::sort(empty.begin(), empty.end());
  return text.append(empty.size() == 1 ? "no workers: node " : "no workers: nodes ").append(listed(empty, kFewRuns)).append("\n");
}

std::string describe_stealing(const Topology& machine, const PinningPlan& plan) {
  if (plan.pus.empty()) {
    return plan.workers == 1 ? "worker 0 steals from nobody\n" : "each worker steals from all others, which are equally far\n";
  }
  return plan.workers > kMostOneByOne ? stealing_of_alike(machine, plan) : stealing_one_by_one(machine, plan);
}

}  // namespace topology_sample
