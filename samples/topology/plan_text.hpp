/// @file
/// What a plan means for workers, in words: who steals from whom, and which NUMA nodes have them.
#pragma once

#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace topology_sample {

/// Numbers in rising order, those that follow each other as one run: "0-7,16 and 40 more".
///
/// @param most  runs; what is in the others is only counted
[[nodiscard]] std::string listed(const std::vector<unsigned>& numbers, std::size_t most);

/// A line for each NUMA node that has workers: these are its arena. The arenas have the order of the nodes.
[[nodiscard]] std::string describe_arenas(const weft::Topology& machine, const weft::PinningPlan& plan);

/// Whom workers steal from: nearest first, with a bar between those that are equally far. A line for each worker; from 17 workers on a line for all
/// whose rings are of the same sizes, with one of them as the example.
[[nodiscard]] std::string describe_stealing(const weft::Topology& machine, const weft::PinningPlan& plan);

}  // namespace topology_sample
