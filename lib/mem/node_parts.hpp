/// @file
/// What NodeMemory is made of.
#pragma once

#include <cstddef>

#include "mem/frame_depot.hpp"
#include "mem/node_region.hpp"

namespace weft::inline v0::detail {

/// Two depots on one region: one is for the frame caches of the workers on the node, the other for who calls NodeMemory::allocate, so that
/// frames can be counted apart.
struct NodeParts {
  NodeRegion region;
  FrameDepot frames{region};
  FrameDepot blocks{region};
};

/// Over all nodes that somebody has asked for: frames that are in use or kept by a cache.
[[nodiscard]] std::size_t frames_outstanding_on_nodes() noexcept;
/// Gives back what no frame and no block of any node is in.
void collect_on_nodes() noexcept;

}  // namespace weft::inline v0::detail
