#include "topo/pinning/usable_cores.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace weft::inline v0 {

std::vector<UsableDomain> usable_domains(const Topology& machine) {
  std::vector<std::vector<unsigned>> pus_of(machine.cores.size());
  for (unsigned pu = 0; pu < machine.pus.size(); ++pu) {
    if (machine.pus[pu].is_allowed) pus_of[machine.pus[pu].core].push_back(pu);
  }
  std::vector<UsableDomain> domains(machine.l3s.size());
  for (unsigned core = 0; core < machine.cores.size(); ++core) {
    if (pus_of[core].empty()) continue;
    UsableDomain& domain = domains[machine.cores[core].l3];
    if (domain.cores.empty()) domain.node = machine.cores[core].node;
    domain.l3 = machine.cores[core].l3;
    domain.cores.push_back({core, pus_of[core]});
  }
  std::erase_if(domains, [](const UsableDomain& domain) { return domain.cores.empty(); });
  const auto rank = [&](const UsableCore& core) {
    return std::tuple(machine.cores[core.core].kind, machine.cores[core.core].clock_class, core.core);
  };
  for (UsableDomain& domain : domains) {
    std::sort(domain.cores.begin(), domain.cores.end(), [&](const UsableCore& a, const UsableCore& b) { return rank(a) < rank(b); });
  }
  return domains;
}

namespace {

/// How many performance cores it has, and how many cores.
std::tuple<std::size_t, std::size_t> strength_of(const Topology& machine, const UsableDomain& domain) {
  const auto performance = std::count_if(domain.cores.begin(), domain.cores.end(),
                                         [&](const UsableCore& core) { return machine.cores[core.core].kind == CoreKind::Performance; });
  return {static_cast<std::size_t>(performance), domain.cores.size()};
}

}  // namespace

std::size_t home_of(const Topology& machine, const std::vector<UsableDomain>& domains) {
  const auto home = std::max_element(domains.begin(), domains.end(), [&](const UsableDomain& a, const UsableDomain& b) {
    return strength_of(machine, a) < strength_of(machine, b);
  });
  return static_cast<std::size_t>(home - domains.begin());
}

unsigned distance_between(const Topology& machine, unsigned node, unsigned other) noexcept {
  constexpr unsigned kItself = 10;
  constexpr unsigned kRemote = 20;
  const std::vector<unsigned>& distances = machine.nodes[node].distances;
  if (node == other) return kItself;
  return other < distances.size() ? distances[other] : kRemote;
}

std::vector<std::size_t> by_distance(const Topology& machine, const std::vector<UsableDomain>& domains, std::size_t from) {
  std::vector<std::size_t> order(domains.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto how_far = [&](std::size_t domain) {
    return std::tuple(domain != from, distance_between(machine, domains[from].node, domains[domain].node), domains[domain].node);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (how_far(a) != how_far(b)) return how_far(a) < how_far(b);
    const auto of_a = strength_of(machine, domains[a]), of_b = strength_of(machine, domains[b]);
    return of_a != of_b ? of_a > of_b : a < b;
  });
  return order;
}

std::vector<unsigned> in_rounds(const std::vector<const UsableCore*>& cores, std::size_t first_round, std::size_t rounds) {
  std::size_t most = 0;
  for (const UsableCore* const core : cores) most = std::max(most, core->pus.size());
  std::vector<unsigned> pus;
  for (std::size_t round = first_round; round < most && round - first_round < rounds; ++round) {
    for (const UsableCore* const core : cores) {
      if (round < core->pus.size()) pus.push_back(core->pus[round]);
    }
  }
  return pus;
}

}  // namespace weft::inline v0
