/// @file
/// Cuts polygons into triangles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "triangle_mesh.hpp"

namespace raytracer {

struct Polygon {
  /// All in range.
  std::vector<std::uint32_t> vertices;
  /// A normal for each of them, or nothing.
  std::vector<Vec3> normals;
  /// Where each of them is on the texture, or nothing.
  std::vector<Uv> uvs;
  std::uint32_t material = TriangleMesh::kNoMaterial;
};

/// Adds the polygons of one file to a mesh.
///
/// Cuts ears, so that concave polygons keep their outline; a polygon of more than 256 corners
/// becomes a fan, which is right for convex ones. One of less than three is left out.
class PolygonCutter {
 public:
  void cut(TriangleMesh& mesh, const Polygon& polygon);
  /// Adds a sentence for each kind of polygon that did not come out as it was.
  void warn(TriangleMesh& mesh, const std::string& file) const;

 private:
  std::size_t too_small_ = 0;
  std::size_t large_ = 0;
};

}  // namespace raytracer
