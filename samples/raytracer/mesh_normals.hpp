/// @file
/// Shading normals for meshes that come without good ones.
#pragma once

#include <vector>

#include "triangle_mesh.hpp"

namespace raytracer {

/// Gives a unit normal for each corner of each triangle (three a triangle, in order).
///
/// Corners at the same position share normals, weighted by their angles, when their triangles meet
/// at less than the crease angle; sharper edges stay sharp. Zero degrees gives flat shading.
[[nodiscard]] std::vector<Vec3> compute_corner_normals(const TriangleMesh& mesh,
                                                       float crease_degrees);

/// The same, but with the file's own normals where it has them.
[[nodiscard]] std::vector<Vec3> choose_corner_normals(const TriangleMesh& mesh,
                                                      float crease_degrees);

}  // namespace raytracer
