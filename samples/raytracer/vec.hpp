/// @file
/// Three floats: points, directions and linear RGB colours of the ray tracer.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace raytracer {

inline constexpr float kPi = 3.14159265358979323846F;
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Vec3 {
  float x = 0.0F;
  float y = 0.0F;
  float z = 0.0F;

  [[nodiscard]] constexpr float operator[](int axis) const {
    return axis == 0 ? x : axis == 1 ? y : z;
  }
  constexpr Vec3& operator+=(Vec3 o) { return *this = {x + o.x, y + o.y, z + o.z}; }
  constexpr Vec3& operator*=(Vec3 o) { return *this = {x * o.x, y * o.y, z * o.z}; }
  constexpr Vec3& operator*=(float s) { return *this = {x * s, y * s, z * s}; }
  friend constexpr bool operator==(Vec3, Vec3) = default;
};

/// Linear RGB with the primaries of sRGB.
using Color = Vec3;

[[nodiscard]] constexpr Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
[[nodiscard]] constexpr Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
[[nodiscard]] constexpr Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
[[nodiscard]] constexpr Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
[[nodiscard]] constexpr Vec3 operator*(float s, Vec3 a) { return a * s; }
[[nodiscard]] constexpr Vec3 operator/(Vec3 a, float s) { return {a.x / s, a.y / s, a.z / s}; }
[[nodiscard]] constexpr Vec3 operator-(Vec3 a) { return {-a.x, -a.y, -a.z}; }

[[nodiscard]] constexpr float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
[[nodiscard]] constexpr Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
[[nodiscard]] inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
[[nodiscard]] inline Vec3 normalize(Vec3 a) { return a / length(a); }
[[nodiscard]] constexpr Vec3 lerp(Vec3 a, Vec3 b, float t) { return a * (1.0F - t) + b * t; }
[[nodiscard]] inline Vec3 min(Vec3 a, Vec3 b) {
  return {std::min(a.x, b.x), std::min(a.y, b.y), std::min(a.z, b.z)};
}
[[nodiscard]] inline Vec3 max(Vec3 a, Vec3 b) {
  return {std::max(a.x, b.x), std::max(a.y, b.y), std::max(a.z, b.z)};
}
[[nodiscard]] constexpr float max_component(Vec3 a) { return std::max(a.x, std::max(a.y, a.z)); }
[[nodiscard]] inline bool is_finite(Vec3 a) {
  return std::isfinite(a.x) && std::isfinite(a.y) && std::isfinite(a.z);
}
[[nodiscard]] constexpr float luminance(Color c) {
  return 0.2126F * c.x + 0.7152F * c.y + 0.0722F * c.z;
}
[[nodiscard]] inline Vec3 exp(Vec3 a) { return {std::exp(a.x), std::exp(a.y), std::exp(a.z)}; }

/// Mirrors `v`, which points away from the surface, about the unit normal `n`.
[[nodiscard]] constexpr Vec3 reflect(Vec3 v, Vec3 n) { return n * (2.0F * dot(v, n)) - v; }

/// Three orthonormal axes; `normal` is the z axis of the local space.
struct Basis {
  Vec3 tangent;
  Vec3 bitangent;
  Vec3 normal;

  /// Builds a basis around a unit vector without a branch on its direction
  /// (Duff et al., "Building an Orthonormal Basis, Revisited", 2017).
  [[nodiscard]] static Basis around(Vec3 n) {
    const float sign = std::copysign(1.0F, n.z);
    const float a = -1.0F / (sign + n.z);
    const float b = n.x * n.y * a;
    return {
        {1.0F + sign * n.x * n.x * a, sign * b, -sign * n.x}, {b, sign + n.y * n.y * a, -n.y}, n};
  }
  [[nodiscard]] constexpr Vec3 to_world(Vec3 v) const {
    return tangent * v.x + bitangent * v.y + normal * v.z;
  }
  [[nodiscard]] constexpr Vec3 to_local(Vec3 v) const {
    return {dot(v, tangent), dot(v, bitangent), dot(v, normal)};
  }
};

}  // namespace raytracer
