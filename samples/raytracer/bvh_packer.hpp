/// @file
/// Turns a binary tree of boxes into the nodes and packets that rays walk.
#pragma once

#include <cstdint>
#include <vector>

#include "aabb.hpp"
#include "bvh.hpp"

namespace raytracer {

struct SceneGeometry;

/// Holds a primitive's box while the tree is built.
struct BuildPrimitive {
  float lower[3];
  PrimitiveId id;
  float upper[3];
  std::uint32_t unused;
};
static_assert(sizeof(BuildPrimitive) == 32);

/// A node of the binary tree; the left child follows it, the right child is at `right`.
struct BinaryNode {
  Aabb bounds;
  /// The primitives below it.
  std::uint32_t first;
  std::uint32_t last;
  /// Zero in a leaf.
  std::uint32_t right;
};

/// Threads: fill() may run on several threads at once for different packets; the rest on one.
class BvhPacker {
 public:
  /// Makes all nodes, and packets that know their primitives by name only.
  void lay_out(const std::vector<BinaryNode>& tree, const std::vector<BuildPrimitive>& primitives);
  [[nodiscard]] std::uint32_t packet_count() const {
    return static_cast<std::uint32_t>(packets_.size());
  }
  /// Copies the primitives of the packets [first, last).
  void fill(const SceneGeometry& geometry, std::uint32_t first, std::uint32_t last);
  [[nodiscard]] Bvh take() { return {std::move(nodes_), std::move(packets_)}; }

 private:
  class Layout;

  std::vector<BvhNode> nodes_;
  std::vector<BvhPacket> packets_;
};

}  // namespace raytracer
