#include "topo/assemble_topology.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace weft::inline v0 {

namespace {

/// Clocks so close together are one class: some firmware gives each core a number of its own.
constexpr bool are_alike(std::uint64_t highest, std::uint64_t clock) noexcept { return clock * 100 >= highest * 97; }

/// Ranks the clocks of the cores of one kind.
void rank_clocks(const std::vector<FoundCore>& found, bool is_efficiency, std::vector<Topology::Core>& cores) {
  std::vector<std::uint64_t> clocks;
  for (const FoundCore& core : found) {
    if (core.is_efficiency == is_efficiency) clocks.push_back(core.clock);
  }
  std::sort(clocks.rbegin(), clocks.rend());
  std::vector<std::uint64_t> classes;  // the highest of each
  for (const std::uint64_t clock : clocks) {
    if (classes.empty() || !are_alike(classes.back(), clock)) classes.push_back(clock);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].is_efficiency != is_efficiency) continue;
    while (!are_alike(classes[cores[i].clock_class], found[i].clock)) ++cores[i].clock_class;
  }
}

}  // namespace

Topology assemble_topology(std::vector<FoundCore> found, std::vector<Topology::Node> nodes) {
  const auto place_of = [](const FoundCore& core) { return std::tuple(core.package, core.node, core.l3, core.pus.front()); };
  for (FoundCore& core : found) std::sort(core.pus.begin(), core.pus.end());
  std::sort(found.begin(), found.end(), [&](const FoundCore& a, const FoundCore& b) { return place_of(a) < place_of(b); });

  Topology machine;
  machine.nodes = std::move(nodes);
  std::map<std::tuple<unsigned, unsigned, unsigned>, unsigned> l3s;  // package, node if there is no cache, cache
  const auto index_of = [](auto& parts, unsigned os_index) {
    const auto at = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.os_index == os_index; });
    const auto place = static_cast<unsigned>(at - parts.begin());
    if (at == parts.end()) parts.emplace_back().os_index = os_index;
    return place;
  };
  for (const FoundCore& core : found) {
    const std::tuple l3(core.package, core.l3 == FoundCore::kNoL3 ? core.node : 0, core.l3);
    const auto [at, is_new] = l3s.emplace(l3, static_cast<unsigned>(machine.l3s.size()));
    if (is_new) machine.l3s.push_back({core.l3_bytes});
    for (const unsigned pu : core.pus) machine.pus.push_back({pu, static_cast<unsigned>(machine.cores.size()), true});
    machine.cores.push_back({index_of(machine.packages, core.package), index_of(machine.nodes, core.node), at->second,
                             core.is_efficiency ? CoreKind::Efficiency : CoreKind::Performance, 0});
  }
  rank_clocks(found, false, machine.cores);
  rank_clocks(found, true, machine.cores);
  return machine;
}

}  // namespace weft::inline v0
