#include "bvh.hpp"

#include <bit>
#include <utility>

#include "bvh_builder.hpp"
#include "simd4.hpp"

namespace raytracer {

void BvhNode::set_child(int slot, const Aabb& box, BvhChild what) {
  for (int axis = 0; axis < 3; ++axis) {
    planes[axis][slot] = box.lower[axis];
    planes[axis + 3][slot] = box.upper[axis];
  }
  child[slot] = what;
}

namespace {

/// Holds what every box and packet test needs of a ray, spread over the lanes.
struct TraversalRay {
  Vec3x4 origin;
  Vec3x4 direction;
  Vec3x4 inverse;
  int near_row[3];
  int far_row[3];

  explicit TraversalRay(const Ray& ray)
      : origin(Vec3x4::splat(ray.origin)), direction(Vec3x4::splat(ray.direction)) {
    // A zero component becomes a tiny one, so that no 0 * infinity makes a NaN in the box test.
    const auto invert = [](float d) {
      return 1.0F / (std::abs(d) < 1e-18F ? std::copysign(1e-18F, d) : d);
    };
    inverse = {Float4::splat(invert(ray.direction.x)), Float4::splat(invert(ray.direction.y)),
               Float4::splat(invert(ray.direction.z))};
    for (int axis = 0; axis < 3; ++axis) {
      const bool is_negative = std::signbit(ray.direction[axis]);
      near_row[axis] = is_negative ? axis + 3 : axis;
      far_row[axis] = is_negative ? axis : axis + 3;
    }
  }
};

/// Tests four boxes; writes the distances at which the ray enters them and returns a bit for each
/// box it meets before `t_max`.
inline unsigned intersect_boxes(const BvhNode& node, const TraversalRay& ray, Float4 t_max,
                                Float4& t_enter) {
  const auto at = [&](int row, Float4 origin, Float4 inverse) {
    return (Float4::load_aligned(node.planes[row]) - origin) * inverse;
  };
  const Float4 near_x = at(ray.near_row[0], ray.origin.x, ray.inverse.x);
  const Float4 near_y = at(ray.near_row[1], ray.origin.y, ray.inverse.y);
  const Float4 near_z = at(ray.near_row[2], ray.origin.z, ray.inverse.z);
  const Float4 far_x = at(ray.far_row[0], ray.origin.x, ray.inverse.x);
  const Float4 far_y = at(ray.far_row[1], ray.origin.y, ray.inverse.y);
  const Float4 far_z = at(ray.far_row[2], ray.origin.z, ray.inverse.z);
  t_enter = max(max(near_x, near_y), max(near_z, Float4::splat(0.0F)));
  const Float4 t_leave = min(min(far_x, far_y), min(far_z, t_max));
  // Widens by more than the rounding of the products above, so that no box is missed by an ulp.
  return (t_enter <= t_leave * Float4::splat(1.0000005F)).bits();
}

/// Takes the nearest of the lanes in `lanes` into `hit`.
void keep_nearest(unsigned lanes, Float4 t, Float4 u, Float4 v, const BvhPacket& packet, Hit& hit) {
  alignas(16) float ts[4];
  t.store(ts);
  int best = -1;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (ts[lane] < hit.t) {
      hit.t = ts[lane];
      best = lane;
    }
  }
  if (best < 0) return;
  alignas(16) float us[4];
  alignas(16) float vs[4];
  u.store(us);
  v.store(vs);
  hit.u = us[best];
  hit.v = vs[best];
  hit.primitive = packet.ids[best];
}

/// Tests four triangles by the signs of three edge volumes (Pluecker).
///
/// Two triangles compute the same volume, up to its sign, for the edge they share, so a ray cannot
/// slip through between them.
template <bool kAnyHit>
bool intersect_triangles(const BvhPacket& packet, const TraversalRay& ray, Hit& hit) {
  const auto vertex = [&](int row) {
    return Vec3x4{Float4::load_aligned(packet.rows[row]),
                  Float4::load_aligned(packet.rows[row + 1]),
                  Float4::load_aligned(packet.rows[row + 2])} -
           ray.origin;
  };
  const Vec3x4 v0 = vertex(0);
  const Vec3x4 v1 = vertex(3);
  const Vec3x4 v2 = vertex(6);
  const Float4 u = dot(cross(v2 - v0, v2 + v0), ray.direction);
  const Float4 v = dot(cross(v0 - v1, v0 + v1), ray.direction);
  const Float4 w = dot(cross(v1 - v2, v1 + v2), ray.direction);
  const Float4 zero = Float4::splat(0.0F);
  const Mask4 inside = (zero <= min(min(u, v), w)) | (max(max(u, v), w) <= zero);
  if (inside.bits() == 0) return false;

  const Float4 sum = u + v + w;
  const Float4 weight = Float4::splat(1.0F) / sum;
  const Float4 t =
      (dot(v1, ray.direction) * u + dot(v2, ray.direction) * v + dot(v0, ray.direction) * w) *
      weight;
  // An edge-on triangle has sum == 0 and so t is a NaN or infinite, which fails one comparison.
  const Mask4 in_range = (zero < t) & (t < Float4::splat(hit.t));
  const unsigned lanes = (inside & in_range).bits();
  if (lanes == 0) return false;
  if constexpr (!kAnyHit) keep_nearest(lanes, t, u * weight, v * weight, packet, hit);
  return true;
}

/// Tests four spheres; the discriminant comes from the ray's distance to the centre, which keeps
/// its digits for small far spheres (Haines et al., "Precision Improvements for Ray/Sphere
/// Intersection", 2019).
template <bool kAnyHit>
bool intersect_spheres(const BvhPacket& packet, const TraversalRay& ray, Hit& hit) {
  const Vec3x4 center{Float4::load_aligned(packet.rows[0]), Float4::load_aligned(packet.rows[1]),
                      Float4::load_aligned(packet.rows[2])};
  const Float4 radius = Float4::load_aligned(packet.rows[3]);
  const Vec3x4 f = ray.origin - center;
  const Float4 zero = Float4::splat(0.0F);
  const Float4 b = zero - dot(f, ray.direction);
  const Vec3x4 nearest = f + ray.direction * b;
  const Float4 square = radius * radius - dot(nearest, nearest);
  if ((zero <= square).bits() == 0) return false;

  const Float4 root = sqrt(max(square, zero));
  const Float4 q = select(zero <= b, b + root, b - root);
  const Float4 other = (dot(f, f) - radius * radius) / q;
  const Float4 enter = min(q, other);
  const Float4 t = select(zero < enter, enter, max(q, other));
  const Mask4 in_range = (zero <= square) & (zero < t) & (t < Float4::splat(hit.t));
  const unsigned lanes = in_range.bits();
  if (lanes == 0) return false;
  if constexpr (!kAnyHit) keep_nearest(lanes, t, zero, zero, packet, hit);
  return true;
}

template <bool kAnyHit>
bool intersect_leaf(const BvhPacket* packets, std::uint32_t count, const TraversalRay& ray,
                    Hit& hit) {
  bool any = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const BvhPacket& packet = packets[i];
    any |= packet.ids[0].is_sphere() ? intersect_spheres<kAnyHit>(packet, ray, hit)
                                     : intersect_triangles<kAnyHit>(packet, ray, hit);
    if (kAnyHit && any) return true;
  }
  return any;
}

/// A child that waits on the stack, with the distance at which the ray enters its box.
struct StackEntry {
  BvhChild child;
  float t;
};

/// Pushes the boxes in `lanes` so that the nearest is on top.
inline StackEntry* push_sorted(const BvhNode& node, unsigned lanes, Float4 t_enter,
                               StackEntry* top) {
  alignas(16) float t[4];
  t_enter.store(t);
  StackEntry* const base = top;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    const StackEntry entry{node.child[lane], t[lane]};
    StackEntry* slot = top++;
    for (; slot != base && slot[-1].t < entry.t; --slot) *slot = slot[-1];
    *slot = entry;
  }
  return top;
}

}  // namespace

template <bool kAnyHit>
Hit Bvh::traverse(const Ray& ray) const {
  Hit hit;
  hit.t = ray.t_max;
  // A ray that is not a number would enter the boxes of unused children.
  const float finite = dot(ray.origin, ray.origin) + dot(ray.direction, ray.direction);
  if (nodes_.empty() || !(finite < kInfinity)) return hit;

  const TraversalRay wide(ray);
  std::array<StackEntry, kMaxTraversalStack> stack;
  StackEntry* top = stack.data();
  BvhChild current = BvhChild::node(0);
  while (true) {
    if (current.is_leaf()) {
      const BvhPacket* packets = packets_.data() + current.first_packet();
      if (intersect_leaf<kAnyHit>(packets, current.packet_count(), wide, hit) && kAnyHit) {
        hit.primitive = packets[0].ids[0];
        return hit;
      }
    } else {
      const BvhNode& node = nodes_[current.node_index()];
      Float4 t_enter;
      const unsigned lanes = intersect_boxes(node, wide, Float4::splat(hit.t), t_enter);
      if (lanes != 0) {
        // One box is the most frequent case, and it needs no trip over the stack.
        if ((lanes & (lanes - 1)) == 0) {
          current = node.child[std::countr_zero(lanes)];
          continue;
        }
        top = push_sorted(node, lanes, t_enter, top);
      }
    }
    do {
      if (top == stack.data()) return hit;
      --top;
    } while (top->t > hit.t);
    current = top->child;
  }
}

Hit Bvh::intersect(const Ray& ray) const { return traverse<false>(ray); }

bool Bvh::is_occluded(const Ray& ray) const { return !traverse<true>(ray).primitive.is_none(); }

}  // namespace raytracer
