/// @file
/// What rays can hit.
#pragma once

#include <cstdint>
#include <vector>

#include "aabb.hpp"
#include "texture.hpp"
#include "vec.hpp"

namespace raytracer {

struct Triangle {
  Vec3 vertices[3];
  /// Shading normals at the vertices, unit length.
  Vec3 normals[3];
  std::uint32_t material = 0;

  [[nodiscard]] Aabb bounds() const {
    return {min(vertices[0], min(vertices[1], vertices[2])),
            max(vertices[0], max(vertices[1], vertices[2]))};
  }
  /// Gives the normal with a length of twice the area; counter-clockwise is the front.
  [[nodiscard]] Vec3 scaled_normal() const {
    return cross(vertices[1] - vertices[0], vertices[2] - vertices[0]);
  }
};

struct Sphere {
  Vec3 center;
  float radius = 1.0F;
  std::uint32_t material = 0;

  [[nodiscard]] Aabb bounds() const {
    const Vec3 r{radius, radius, radius};
    return {center - r, center + r};
  }
};

/// All primitives of a scene; a PrimitiveId is an index into one of the two.
struct SceneGeometry {
  std::vector<Triangle> triangles;
  std::vector<Sphere> spheres;
  /// Where the corners of the first triangles are on the textures of their materials; those behind
  /// the last one that has a texture are not here.
  std::vector<UvCorners> uvs;
};

}  // namespace raytracer
