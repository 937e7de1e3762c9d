/// @file
/// What --stats prints.
#pragma once

#include <weft/weft.hpp>

#include "integrator.hpp"
#include "scene.hpp"

namespace raytracer {

struct Timings {
  double load_seconds = 0.0;
  double bvh_seconds = 0.0;
  double render_seconds = 0.0;
};

/// Prints the figures of a run; the workers' are those between the two snapshots.
void print_report(const Scene& scene, const Timings& timings, const RayCounts& counts,
                  const weft::RuntimeStats& before, const weft::RuntimeStats& after);

}  // namespace raytracer
