/// @file
/// Cuts polygons into triangles.
#pragma once

#include <cstdint>
#include <vector>

#include "triangle_mesh.hpp"

namespace raytracer {

/// Adds the polygon with these vertices (at least three, all in range) to the mesh.
///
/// Cuts ears, so that concave polygons keep their outline; a polygon of more than 256 corners
/// becomes a fan, which is right for convex ones.
void add_polygon(TriangleMesh& mesh, const std::vector<std::uint32_t>& polygon,
                 std::uint32_t material);

}  // namespace raytracer
