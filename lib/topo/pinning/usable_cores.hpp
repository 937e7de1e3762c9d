/// @file
/// What plans are made of: the cores with a processor that is allowed, in the order in which plans fill them.
#pragma once

#include <vector>

#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

struct UsableCore {
  unsigned core;              // its place in Topology::cores
  std::vector<unsigned> pus;  // those that are allowed, by their place in Topology::pus
};

/// The cores of one L3 domain, the fastest first: performance cores before efficiency cores, then by clock class.
struct UsableDomain {
  unsigned l3;
  unsigned node;  // of its first core
  std::vector<UsableCore> cores;
};

/// All of them, by their place in Topology::l3s. Domains without an allowed processor are left out.
[[nodiscard]] std::vector<UsableDomain> usable_domains(const Topology& machine);

/// The one to begin with, as an index: most performance cores, then most cores, then the first.
[[nodiscard]] std::size_t home_of(const Topology& machine, const std::vector<UsableDomain>& domains);

/// The places of `domains` by their distance from one of them: the domain itself, those of its node, those of other nodes, nearest node first. Of
/// one node the strongest first, as for home_of().
[[nodiscard]] std::vector<std::size_t> by_distance(const Topology& machine, const std::vector<UsableDomain>& domains, std::size_t from);

/// From node to node; those that firmware says nothing about are as far as another package of most machines.
[[nodiscard]] unsigned distance_between(const Topology& machine, unsigned node, unsigned other) noexcept;

/// The processors of some cores, in rounds: one of each core, then the second of each that has two, and so on.
///
/// @param first_round, rounds  which; for instance 0 and 1: only the first of each core
[[nodiscard]] std::vector<unsigned> in_rounds(const std::vector<const UsableCore*>& cores, std::size_t first_round, std::size_t rounds);

}  // namespace weft::inline v0
