/// @file
/// An axis-aligned box.
#pragma once

#include "vec.hpp"

namespace raytracer {

/// Holds the smallest box around what was put into it; starts empty (lower > upper).
struct Aabb {
  Vec3 lower{kInfinity, kInfinity, kInfinity};
  Vec3 upper{-kInfinity, -kInfinity, -kInfinity};

  void grow(Vec3 p) {
    lower = min(lower, p);
    upper = max(upper, p);
  }
  void grow(const Aabb& o) {
    lower = min(lower, o.lower);
    upper = max(upper, o.upper);
  }
  [[nodiscard]] bool is_empty() const { return lower.x > upper.x; }
  [[nodiscard]] Vec3 extent() const { return upper - lower; }
  [[nodiscard]] float half_area() const {
    const Vec3 e = extent();
    return e.x * e.y + e.y * e.z + e.z * e.x;
  }
  [[nodiscard]] Vec3 center() const { return (lower + upper) * 0.5F; }
};

}  // namespace raytracer
