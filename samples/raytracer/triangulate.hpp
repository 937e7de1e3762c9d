/// @file
/// Cuts polygons into triangles.
#pragma once

#include <cstdint>
#include <vector>

#include "triangle_mesh.hpp"

namespace raytracer {

struct Polygon {
  /// At least three vertices, all in range.
  std::vector<std::uint32_t> vertices;
  /// A normal for each of them, or nothing.
  std::vector<Vec3> normals;
  std::uint32_t material = TriangleMesh::kNoMaterial;
};

/// Adds a polygon to the mesh.
///
/// Cuts ears, so that concave polygons keep their outline; a polygon of more than 256 corners
/// becomes a fan, which is right for convex ones.
void add_polygon(TriangleMesh& mesh, const Polygon& polygon);

}  // namespace raytracer
