#include "bvh_builder.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "geometry.hpp"
#include "simd4.hpp"

namespace raytracer {
namespace {

constexpr std::size_t kMostBins = 16;
constexpr std::size_t kLeastBins = 6;
/// A range this small is always a leaf: one packet.
constexpr std::uint32_t kSmallRange = 4;
/// The price of visiting a node, in packet tests.
constexpr float kNodeCost = 1.0F;

/// A box in two registers; the fourth lane holds rubbish and never matters.
struct WideBox {
  Float4 lower = Float4::splat(kInfinity);
  Float4 upper = Float4::splat(-kInfinity);

  void grow(const BuildPrimitive& p) {
    lower = min(lower, Float4::load(p.lower));
    upper = max(upper, Float4::load(p.upper));
  }
  void grow(Float4 point) {
    lower = min(lower, point);
    upper = max(upper, point);
  }
  void grow(const WideBox& o) {
    lower = min(lower, o.lower);
    upper = max(upper, o.upper);
  }
  [[nodiscard]] Aabb narrow() const {
    float l[4];
    float u[4];
    lower.store(l);
    upper.store(u);
    return {{l[0], l[1], l[2]}, {u[0], u[1], u[2]}};
  }
  [[nodiscard]] float half_area() const {
    float e[4];
    (upper - lower).store(e);
    return e[0] * e[1] + e[1] * e[2] + e[2] * e[0];
  }
};

Float4 doubled_center(const BuildPrimitive& p) {
  return Float4::load(p.lower) + Float4::load(p.upper);
}

float doubled_center(const BuildPrimitive& p, int axis) { return p.lower[axis] + p.upper[axis]; }

/// Counts packet tests: four primitives cost as much as one.
float leaf_cost(std::uint32_t count) { return static_cast<float>((count + 3) / 4); }

/// A cut behind a bin, and what testing both sides would cost.
struct BinCut {
  int last_left = 0;
  float cost = kInfinity;
};

/// The bins of one axis.
class Bins {
 public:
  // Leaves the bins as they are: most ranges use few.
  Bins() {}  // NOLINT(modernize-use-equals-default)

  void clear(std::size_t count) {
    count_ = count;
    for (std::size_t b = 0; b < count; ++b) bins_[b] = {WideBox{}, 0};
  }
  void add(int bin, const BuildPrimitive& p) {
    Bin& b = bins_[static_cast<std::size_t>(bin)];
    b.box.grow(p);
    ++b.count;
  }

  [[nodiscard]] BinCut best_cut(std::uint32_t size) const {
    std::array<float, kMostBins> right_cost;
    WideBox right;
    std::uint32_t right_count = 0;
    for (std::size_t b = count_ - 1; b > 0; --b) {
      right.grow(bins_[b].box);
      right_count += bins_[b].count;
      right_cost[b] = right_count == 0 ? kInfinity : right.half_area() * leaf_cost(right_count);
    }
    BinCut best;
    WideBox left;
    std::uint32_t left_count = 0;
    for (std::size_t b = 0; b + 1 < count_; ++b) {
      left.grow(bins_[b].box);
      left_count += bins_[b].count;
      if (left_count == 0 || left_count == size) continue;
      const float cost = left.half_area() * leaf_cost(left_count) + right_cost[b + 1];
      if (cost < best.cost) best = {static_cast<int>(b), cost};
    }
    return best;
  }

 private:
  struct Bin {
    WideBox box;
    std::uint32_t count;
  };
  /// Room for bins whose boxes are not set before clear().
  union {
    std::array<Bin, kMostBins> bins_;
  };
  std::size_t count_ = 0;
};

/// Gives a range its number of bins: clearing and summing them is most of the work for few
/// primitives.
std::size_t bin_count(std::uint32_t size) {
  return std::clamp(std::size_t{size} / 4 + 2, kLeastBins, kMostBins);
}

/// Maps a doubled centre to a bin of one axis; both passes use it, so they agree on every bit.
struct BinMap {
  float origin;
  float scale;
  int last;

  [[nodiscard]] int operator()(float doubled) const {
    return std::min(static_cast<int>((doubled - origin) * scale), last);
  }
};

BinMap make_bin_map(const Aabb& centroids, int axis, std::size_t bins) {
  const int last = static_cast<int>(bins) - 1;
  const float width = centroids.upper[axis] - centroids.lower[axis];
  // Narrower than any number's inverse: this axis separates nothing.
  if (!(width > 1e-30F)) return {centroids.lower[axis], 0.0F, last};
  return {centroids.lower[axis], static_cast<float>(bins) * (1.0F - 1e-6F) / width, last};
}

}  // namespace

/// The best place to cut: primitives in bins up to `last_left_bin` go left. axis < 0: none found.
struct BvhBuilder::BinPlan {
  int axis = -1;
  int last_left_bin = 0;
  float cost = kInfinity;
  BinMap map{0.0F, 0.0F, 0};
};

BvhBuilder::BvhBuilder(const SceneGeometry& geometry) : geometry_(geometry) {
  const auto triangles = static_cast<std::uint32_t>(geometry.triangles.size());
  const auto spheres = static_cast<std::uint32_t>(geometry.spheres.size());
  primitives_.reserve(triangles + spheres);
  const auto add = [&](const Aabb& box, PrimitiveId id) {
    primitives_.push_back(
        {{box.lower.x, box.lower.y, box.lower.z}, id, {box.upper.x, box.upper.y, box.upper.z}, 0});
    root_.bounds.grow(box);
    root_.centroids.grow(box.lower + box.upper);
  };
  for (std::uint32_t i = 0; i < triangles; ++i) {
    add(geometry.triangles[i].bounds(), PrimitiveId::triangle(i));
  }
  for (std::uint32_t i = 0; i < spheres; ++i) {
    add(geometry.spheres[i].bounds(), PrimitiveId::sphere(i));
  }
  root_.last = triangles + spheres;
  // n primitives make at most 2n - 1 nodes; a subtree of n uses slots [node, node + 2n - 1) only,
  // so that tasks need no shared counter and the layout is always the same.
  nodes_.resize(root_.last == 0 ? 0 : 2 * static_cast<std::size_t>(root_.last) - 1);
}

BuildSplit BvhBuilder::split(const BuildRange& range) {
  nodes_[range.node] = {range.bounds, range.first, range.last, 0};
  if (range.size() <= kSmallRange) return {};
  if (range.depth >= kMaxSahDepth) {
    return range.size() <= 4 * BvhChild::kMaxLeafPackets - 4 ? BuildSplit{} : halve(range);
  }

  const BinPlan plan = plan_by_area(range);
  // One packet less than the limit: a leaf with both triangles and spheres may need one more.
  const bool fits_leaf = (range.size() + 3) / 4 < BvhChild::kMaxLeafPackets;
  if (fits_leaf && leaf_cost(range.size()) <= plan.cost) return {};
  return plan.axis < 0 ? halve(range) : split_at(range, plan);
}

BvhBuilder::BinPlan BvhBuilder::plan_by_area(const BuildRange& range) const {
  const std::size_t count = bin_count(range.size());
  const std::array<BinMap, 3> maps{make_bin_map(range.centroids, 0, count),
                                   make_bin_map(range.centroids, 1, count),
                                   make_bin_map(range.centroids, 2, count)};
  std::array<Bins, 3> bins;
  for (Bins& axis : bins) axis.clear(count);
  for (std::uint32_t i = range.first; i < range.last; ++i) {
    const BuildPrimitive& p = primitives_[i];
    for (std::size_t axis = 0; axis < 3; ++axis) {
      bins[axis].add(maps[axis](doubled_center(p, static_cast<int>(axis))), p);
    }
  }

  BinPlan best;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (maps[axis].scale == 0.0F) continue;
    const BinCut cut = bins[axis].best_cut(range.size());
    if (cut.cost < best.cost) best = {static_cast<int>(axis), cut.last_left, cut.cost, maps[axis]};
  }
  const float area = range.bounds.half_area();
  best.cost = area > 0.0F ? kNodeCost + best.cost / area : kInfinity;
  return best;
}

BuildSplit BvhBuilder::split_at(const BuildRange& range, const BinPlan& plan) {
  WideBox boxes[2];
  WideBox centers[2];
  const auto account = [&](const BuildPrimitive& p, int side) {
    boxes[side].grow(p);
    centers[side].grow(doubled_center(p));
  };
  const auto goes_left = [&](const BuildPrimitive& p) {
    return plan.map(doubled_center(p, plan.axis)) <= plan.last_left_bin;
  };
  std::uint32_t low = range.first;
  std::uint32_t high = range.last;
  while (low < high) {
    if (goes_left(primitives_[low])) {
      account(primitives_[low++], 0);
    } else {
      std::swap(primitives_[low], primitives_[--high]);
      account(primitives_[high], 1);
    }
  }
  BuildRange left{range.first, low, 0, 0, boxes[0].narrow(), centers[0].narrow()};
  BuildRange right{low, range.last, 0, 0, boxes[1].narrow(), centers[1].narrow()};
  return make_children(range, left, right);
}

BuildSplit BvhBuilder::halve(const BuildRange& range) {
  const std::uint32_t middle = range.first + range.size() / 2;
  const Vec3 spread = range.centroids.extent();
  const int axis = spread.x >= spread.y && spread.x >= spread.z ? 0 : spread.y >= spread.z ? 1 : 2;
  const auto begin = primitives_.begin();
  // The id breaks ties, so that the order is total and the tree is always the same.
  std::nth_element(begin + range.first, begin + middle, begin + range.last,
                   [axis](const BuildPrimitive& a, const BuildPrimitive& b) {
                     const float ca = doubled_center(a, axis);
                     const float cb = doubled_center(b, axis);
                     return ca != cb ? ca < cb : a.id.bits < b.id.bits;
                   });
  const auto range_of = [&](std::uint32_t first, std::uint32_t last) {
    WideBox box;
    WideBox centers;
    for (std::uint32_t i = first; i < last; ++i) {
      box.grow(primitives_[i]);
      centers.grow(doubled_center(primitives_[i]));
    }
    return BuildRange{first, last, 0, 0, box.narrow(), centers.narrow()};
  };
  return make_children(range, range_of(range.first, middle), range_of(middle, range.last));
}

BuildSplit BvhBuilder::make_children(const BuildRange& range, BuildRange left, BuildRange right) {
  left.depth = right.depth = range.depth + 1;
  left.node = range.node + 1;
  right.node = range.node + 2 * left.size();
  nodes_[range.node].right = right.node;
  return {false, left, right};
}

void BvhBuilder::build_serially(const BuildRange& range) {
  const BuildSplit children = split(range);
  if (children.is_leaf) return;
  build_serially(children.left);
  build_serially(children.right);
}

void BvhBuilder::lay_out() { packer_.lay_out(nodes_, primitives_); }

void BvhBuilder::fill_packets(std::uint32_t first, std::uint32_t last) {
  packer_.fill(geometry_, first, last);
}

Bvh BvhBuilder::finish() { return packer_.take(); }

Bvh build_bvh_serially(const SceneGeometry& geometry) {
  BvhBuilder builder(geometry);
  if (builder.root().size() > 0) builder.build_serially(builder.root());
  builder.lay_out();
  builder.fill_packets(0, builder.packet_count());
  return builder.finish();
}

}  // namespace raytracer
