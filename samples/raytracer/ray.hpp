/// @file
/// A ray, what it hit, and how the next ray leaves the place that was hit.
#pragma once

#include <bit>
#include <cstdint>

#include "vec.hpp"

namespace raytracer {

/// Starts at `origin` and runs along `direction` (a unit vector) for at most `t_max`.
struct Ray {
  Vec3 origin;
  Vec3 direction;
  float t_max = kInfinity;
};

/// Names a primitive: triangles count from zero, spheres have the top bit set.
struct PrimitiveId {
  static constexpr std::uint32_t kSphereBit = 0x8000'0000U;
  static constexpr std::uint32_t kNone = 0xFFFF'FFFFU;

  std::uint32_t bits = kNone;

  [[nodiscard]] static constexpr PrimitiveId triangle(std::uint32_t index) { return {index}; }
  [[nodiscard]] static constexpr PrimitiveId sphere(std::uint32_t index) {
    return {index | kSphereBit};
  }
  [[nodiscard]] constexpr bool is_sphere() const { return (bits & kSphereBit) != 0; }
  [[nodiscard]] constexpr std::uint32_t index() const { return bits & ~kSphereBit; }
  [[nodiscard]] constexpr bool is_none() const { return bits == kNone; }
  friend constexpr bool operator==(PrimitiveId, PrimitiveId) = default;
};

/// Says what a ray hit; u and v weigh the second and third vertex of a triangle.
struct Hit {
  float t = kInfinity;
  float u = 0.0F;
  float v = 0.0F;
  PrimitiveId primitive;
};

/// Moves a point off its surface along `normal` by a few units in the last place, so that a ray
/// from there does not hit the same surface again
/// (Waechter and Binder, "A Fast and Robust Method for Avoiding Self-Intersection", 2019).
[[nodiscard]] inline Vec3 offset_from_surface(Vec3 p, Vec3 normal) {
  const auto offset = [](float position, float n) {
    constexpr float kNearZero = 1.0F / 32.0F;
    if (std::abs(position) < kNearZero) return position + n * (1.0F / 65536.0F);
    const auto steps = static_cast<std::int32_t>(256.0F * n);
    const auto bits = std::bit_cast<std::int32_t>(position);
    return std::bit_cast<float>(position < 0.0F ? bits - steps : bits + steps);
  };
  return {offset(p.x, normal.x), offset(p.y, normal.y), offset(p.z, normal.z)};
}

}  // namespace raytracer
