/// @file
/// Puts together a machine from what a reader found out about each core.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// A core as readers see it, in the numbers of the kernel.
struct FoundCore {
  unsigned package = 0;
  unsigned node = 0;
  unsigned l3 = kNoL3;  ///< any number that the cores which share a cache have in common
  std::uint64_t l3_bytes = 0;
  bool is_efficiency = false;
  std::uint64_t clock = 0;  ///< the highest, in any unit; 0: unknown
  std::vector<unsigned> pus;

  static constexpr unsigned kNoL3 = ~0U;
};

/// @param nodes  all of them, with and without processors; in the order in which distances count
[[nodiscard]] Topology assemble_topology(std::vector<FoundCore> cores, std::vector<Topology::Node> nodes);

}  // namespace weft::inline v0
