#include "bvh_packer.hpp"

#include <array>

#include "geometry.hpp"

namespace raytracer {
namespace {

BvhNode empty_node() {
  BvhNode node;
  for (int slot = 0; slot < 4; ++slot) node.set_child(slot, Aabb{}, BvhChild{});
  return node;
}

void write_lane(BvhPacket& packet, int lane, const SceneGeometry& geometry) {
  const PrimitiveId id = packet.ids[lane];
  if (id.is_sphere()) {
    const Sphere& sphere = geometry.spheres[id.index()];
    for (int axis = 0; axis < 3; ++axis) packet.rows[axis][lane] = sphere.center[axis];
    packet.rows[3][lane] = sphere.radius;
    return;
  }
  const Triangle& triangle = geometry.triangles[id.index()];
  for (int corner = 0; corner < 3; ++corner) {
    for (int axis = 0; axis < 3; ++axis) {
      packet.rows[3 * corner + axis][lane] = triangle.vertices[corner][axis];
    }
  }
}

}  // namespace

/// Walks the binary tree depth first.
class BvhPacker::Layout {
 public:
  Layout(const std::vector<BinaryNode>& tree, const std::vector<BuildPrimitive>& primitives,
         BvhPacker& out)
      : tree_(tree), primitives_(primitives), nodes_(out.nodes_), packets_(out.packets_) {}

  void make() {
    if (tree_.empty()) return;
    nodes_.reserve(tree_.size() / 8 + 1);
    packets_.reserve(primitives_.size() / 3 + 1);
    if (tree_[0].right != 0) {
      make_node(0);
      return;
    }
    nodes_.push_back(empty_node());
    nodes_[0].set_child(0, tree_[0].bounds, make_leaf(tree_[0]));
  }

 private:
  std::uint32_t make_node(std::uint32_t root) {
    std::array<std::uint32_t, 4> children{root + 1, tree_[root].right};
    std::size_t count = 2;
    while (count < 4 && open_widest(children, count)) ++count;

    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(empty_node());
    for (std::size_t i = 0; i < count; ++i) {
      const BinaryNode& child = tree_[children[i]];
      const BvhChild what =
          child.right == 0 ? make_leaf(child) : BvhChild::node(make_node(children[i]));
      nodes_[index].set_child(static_cast<int>(i), child.bounds, what);
    }
    return index;
  }

  /// Replaces the widest inner child by its two children; false: all are leaves.
  bool open_widest(std::array<std::uint32_t, 4>& children, std::size_t count) const {
    std::size_t widest = count;
    float widest_area = -1.0F;
    for (std::size_t i = 0; i < count; ++i) {
      const BinaryNode& node = tree_[children[i]];
      if (node.right != 0 && node.bounds.half_area() > widest_area) {
        widest_area = node.bounds.half_area();
        widest = i;
      }
    }
    if (widest == count) return false;
    const std::uint32_t opened = children[widest];
    children[widest] = opened + 1;
    children[count] = tree_[opened].right;
    return true;
  }

  BvhChild make_leaf(const BinaryNode& leaf) {
    const auto first = static_cast<std::uint32_t>(packets_.size());
    make_packets(leaf, false);
    make_packets(leaf, true);
    return BvhChild::leaf(first, static_cast<std::uint32_t>(packets_.size()) - first);
  }

  void make_packets(const BinaryNode& leaf, bool spheres) {
    int lane = 4;
    for (std::uint32_t i = leaf.first; i < leaf.last; ++i) {
      const PrimitiveId id = primitives_[i].id;
      if (id.is_sphere() != spheres) continue;
      if (lane == 4) {
        packets_.emplace_back();
        lane = 0;
      }
      // Names the rest of the packet after this one; later primitives take their lanes back.
      for (int copy = lane; copy < 4; ++copy) packets_.back().ids[copy] = id;
      ++lane;
    }
  }

  const std::vector<BinaryNode>& tree_;
  const std::vector<BuildPrimitive>& primitives_;
  std::vector<BvhNode>& nodes_;
  std::vector<BvhPacket>& packets_;
};

void BvhPacker::lay_out(const std::vector<BinaryNode>& tree,
                        const std::vector<BuildPrimitive>& primitives) {
  Layout(tree, primitives, *this).make();
}

void BvhPacker::fill(const SceneGeometry& geometry, std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t i = first; i < last; ++i) {
    for (int lane = 0; lane < 4; ++lane) write_lane(packets_[i], lane, geometry);
  }
}

}  // namespace raytracer
