/// @file
/// The bounding volume hierarchy that rays walk: four boxes a node, four primitives a packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "aabb.hpp"
#include "ray.hpp"

namespace raytracer {

/// Names what a node's child is: another node, or a run of packets.
///
///   bit  31      leaf
///   bits 3..30   first packet of a leaf
///   bits 0..2    packets in the leaf, less one
///   bits 0..30   index of the node otherwise
class BvhChild {
 public:
  static constexpr std::uint32_t kMaxLeafPackets = 8;

  constexpr BvhChild() = default;
  [[nodiscard]] static constexpr BvhChild node(std::uint32_t index) { return BvhChild(index); }
  [[nodiscard]] static constexpr BvhChild leaf(std::uint32_t first, std::uint32_t count) {
    return BvhChild(kLeafBit | (first << 3) | (count - 1));
  }
  [[nodiscard]] constexpr bool is_leaf() const { return (bits_ & kLeafBit) != 0; }
  [[nodiscard]] constexpr std::uint32_t node_index() const { return bits_; }
  [[nodiscard]] constexpr std::uint32_t first_packet() const { return (bits_ & ~kLeafBit) >> 3; }
  [[nodiscard]] constexpr std::uint32_t packet_count() const { return (bits_ & 7U) + 1; }

 private:
  static constexpr std::uint32_t kLeafBit = 0x8000'0000U;
  constexpr explicit BvhChild(std::uint32_t bits) : bits_(bits) {}

  std::uint32_t bits_ = 0;
};

/// Holds four child boxes as six rows, so that one instruction tests one plane of each.
/// Two cache lines; an unused child has an empty box, which no ray hits.
struct alignas(64) BvhNode {
  /// Rows: lower x, y, z, then upper x, y, z. A ray picks near and far rows by its signs.
  float planes[6][4];
  BvhChild child[4];
  std::uint32_t unused[4] = {};

  void set_child(int slot, const Aabb& box, BvhChild what);
};

static_assert(sizeof(BvhNode) == 128);

/// Holds up to four triangles (nine rows: three vertices) or spheres (four rows: centre, radius).
struct alignas(16) BvhPacket {
  float rows[9][4];
  /// Unused lanes repeat a used one. Triangles and spheres never share a packet.
  PrimitiveId ids[4];
};

/// Answers which primitive a ray hits first, and whether it hits any.
///
/// Threads: any number may ask at once; nothing changes after it was built.
class Bvh {
 public:
  Bvh() = default;
  Bvh(std::vector<BvhNode> nodes, std::vector<BvhPacket> packets)
      : nodes_(std::move(nodes)), packets_(std::move(packets)) {}

  /// Finds the nearest hit closer than ray.t_max; the hit's primitive is none when there is none.
  [[nodiscard]] Hit intersect(const Ray& ray) const;

  /// Says whether anything lies between the ray's origin and ray.t_max.
  [[nodiscard]] bool is_occluded(const Ray& ray) const;

  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }
  [[nodiscard]] std::size_t packet_count() const { return packets_.size(); }
  [[nodiscard]] std::size_t size_bytes() const {
    return nodes_.size() * sizeof(BvhNode) + packets_.size() * sizeof(BvhPacket);
  }
  [[nodiscard]] const std::vector<BvhNode>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<BvhPacket>& packets() const { return packets_; }

 private:
  template <bool kAnyHit>
  [[nodiscard]] Hit traverse(const Ray& ray) const;

  std::vector<BvhNode> nodes_;
  std::vector<BvhPacket> packets_;
};

}  // namespace raytracer
