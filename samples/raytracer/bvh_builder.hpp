/// @file
/// Builds a Bvh by the surface area heuristic. No scheduler in here: a caller walks the tree of
/// ranges as it likes (one thread, fork/join, OpenMP tasks, ...) and always gets the same tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aabb.hpp"
#include "bvh.hpp"
#include "bvh_packer.hpp"

namespace raytracer {

struct SceneGeometry;

/// Below this depth ranges are halved by position alone, which bounds the depth of the tree.
inline constexpr std::uint32_t kMaxSahDepth = 40;
/// Deepest possible tree: kMaxSahDepth, then at most 31 halvings of fewer than 2^31 primitives.
inline constexpr std::uint32_t kMaxTraversalStack = 3 * (kMaxSahDepth + 31) + 4;

/// A run of primitives [first, last) that becomes one subtree.
struct BuildRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  /// The slot of the subtree's root among the binary nodes.
  std::uint32_t node = 0;
  std::uint32_t depth = 0;
  Aabb bounds;
  /// Bounds of twice the boxes' centres.
  Aabb centroids;

  [[nodiscard]] std::uint32_t size() const { return last - first; }
};

/// What became of a range: a leaf, or two ranges left to do.
struct BuildSplit {
  bool is_leaf = true;
  BuildRange left;
  BuildRange right;
};

/// Builds a tree in five steps:
///   1. the constructor makes the boxes;
///   2. split() is called on the root and on every range it gives back;
///   3. lay_out() makes the nodes that rays walk;
///   4. fill_packets() copies the primitives of every packet, 0 to packet_count();
///   5. finish() hands the tree over.
///
/// Threads: split() may run on several threads at once for different ranges, since a range owns
///          its primitives and its node slots; so may fill_packets(). The rest is for one thread.
/// Post:    the tree depends on the primitives only, not on the order or place of the split()s.
class BvhBuilder {
 public:
  explicit BvhBuilder(const SceneGeometry& geometry);

  [[nodiscard]] BuildRange root() const { return root_; }
  [[nodiscard]] BuildSplit split(const BuildRange& range);
  /// Splits the range and all that comes from it, on this thread.
  void build_serially(const BuildRange& range);
  void lay_out();
  [[nodiscard]] std::uint32_t packet_count() const { return packer_.packet_count(); }
  void fill_packets(std::uint32_t first, std::uint32_t last);
  [[nodiscard]] Bvh finish();

 private:
  struct BinPlan;

  [[nodiscard]] BinPlan plan_by_area(const BuildRange& range) const;
  BuildSplit split_at(const BuildRange& range, const BinPlan& plan);
  BuildSplit halve(const BuildRange& range);
  BuildSplit make_children(const BuildRange& range, BuildRange left, BuildRange right);

  const SceneGeometry& geometry_;
  BuildRange root_;
  std::vector<BuildPrimitive> primitives_;
  std::vector<BinaryNode> nodes_;
  BvhPacker packer_;
};

/// Builds the whole tree on this thread.
[[nodiscard]] Bvh build_bvh_serially(const SceneGeometry& geometry);

}  // namespace raytracer
