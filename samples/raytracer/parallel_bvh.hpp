/// @file
/// Builds the tree of a scene by fork and join.
#pragma once

#include <weft/weft.hpp>

#include "bvh.hpp"
#include "geometry.hpp"

namespace raytracer {

/// Builds the same tree as build_bvh_serially(), on all workers.
///
/// Lifetime: the geometry outlives the task.
[[nodiscard]] weft::Task<Bvh> build_bvh(const SceneGeometry& geometry);

}  // namespace raytracer
