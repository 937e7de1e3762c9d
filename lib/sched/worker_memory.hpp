/// @file
/// Which worker has the memory of which NUMA node.
#pragma once

#include <cstddef>
#include <vector>

#include <weft/mem/node_memory.hpp>
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// The memory of each worker that a plan has a place for; empty if all are on one node, for which the ordinary allocator does as well. The nodes
/// of a machine that is not this one are imagined.
///
/// @param huge_pages  wishes for the nodes that have workers; see NodeMemory
/// @param prefault    as huge_pages: bytes of each of them
[[nodiscard]] std::vector<NodeMemory*> memory_of_workers(const Topology& machine, const PinningPlan& plan, bool huge_pages, std::size_t prefault);

}  // namespace weft::inline v0
