/// @file
/// A machine with 1024 processors.
#pragma once

#include <weft/topo/topology.hpp>

namespace planning {

inline constexpr unsigned kPus = 1024;

/// Four packages of four nodes, with distances of three kinds.
inline weft::Topology large_machine() {
  weft::Topology machine = weft::Topology::parse("package:4 node:4:64G l3:4:32M core:8 pu:2 apart");
  for (unsigned from = 0; from < machine.nodes.size(); ++from) {
    for (unsigned to = 0; to < machine.nodes.size(); ++to) machine.nodes[from].distances.push_back(from == to ? 10 : from / 4 == to / 4 ? 12 : 32);
  }
  return machine;
}

}  // namespace planning
