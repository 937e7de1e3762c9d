/// @file
/// The shining surfaces of a scene, and how to pick a point on one of them.
#pragma once

#include <cstdint>
#include <vector>

#include "geometry.hpp"
#include "material.hpp"
#include "ray.hpp"
#include "rng.hpp"

namespace raytracer {

/// A direction toward a light.
struct LightSample {
  Vec3 direction;
  float distance = 0.0F;
  Color radiance;
  /// Density in solid angle; zero: nothing to see from here.
  float pdf = 0.0F;
};

/// Samples the emissive triangles and spheres of a scene.
///
/// With few lights each is chosen by power over squared distance, with many by power alone.
class Lights {
 public:
  Lights() = default;
  Lights(const SceneGeometry& geometry, const std::vector<Material>& materials);

  [[nodiscard]] bool is_empty() const { return lights_.empty(); }
  /// Picks a light and a point on it, seen from `from`; `choice` is in [0, 1).
  [[nodiscard]] LightSample sample(const SceneGeometry& geometry, Vec3 from, float choice,
                                   Sample2 u) const;
  /// Gives the density with which sample() would have chosen this direction to this primitive,
  /// which must be emissive.
  [[nodiscard]] float pdf(const SceneGeometry& geometry, Vec3 from, const LightSample& to,
                          PrimitiveId primitive) const;

 private:
  struct Light {
    PrimitiveId primitive;
    Color radiance;
    Vec3 center;
    float power = 0.0F;
    /// Radius of a ball around the light; nearer than this, distance no longer matters.
    float radius = 0.0F;
  };
  static constexpr std::size_t kFew = 16;

  void add(PrimitiveId primitive, const Color& radiance, const Aabb& box, float area);
  [[nodiscard]] float weight(std::size_t light, Vec3 from) const;
  [[nodiscard]] float probability(std::size_t light, Vec3 from) const;
  [[nodiscard]] std::size_t choose(Vec3 from, float choice) const;

  std::vector<Light> lights_;
  /// Sums of the powers up to and with each light.
  std::vector<float> cumulative_;
  /// Map a primitive to its light; empty without lights.
  std::vector<std::uint32_t> triangle_lights_;
  std::vector<std::uint32_t> sphere_lights_;
};

}  // namespace raytracer
