/// @file
/// Renders a picture, a counted task for each tile.
#pragma once

#include <weft/weft.hpp>

#include "integrator.hpp"
#include "progress.hpp"

namespace raytracer {

/// Fills the film and says how many rays that took. The pixels do not depend on the workers.
///
/// Lifetime: all arguments outlive the task.
[[nodiscard]] weft::Task<RayCounts> render(const Scene& scene, const Camera& camera,
                                           const RenderSettings& settings, Film& film,
                                           Progress& progress);

}  // namespace raytracer
