/// @file
/// The path tracer: how much light comes along a ray. Plain code; it knows no scheduler.
#pragma once

#include <cstdint>
#include <stop_token>

#include "camera.hpp"
#include "film.hpp"
#include "rng.hpp"
#include "scene.hpp"

namespace raytracer {

struct RenderSettings {
  /// Samples a pixel; powers of two stratify best.
  std::uint32_t samples = 64;
  /// Most surfaces a path may visit.
  std::uint32_t max_depth = 12;
  std::uint32_t seed = 1;
  /// Brightest light that a path may bring in over a bounce (the firefly clamp); 0: no limit.
  /// It takes a little energy from caustics and saves thousands of samples.
  float clamp = 4.0F;
  /// Looked at before each pixel; the film is of no use once a stop was requested.
  std::stop_token stop;
};

struct RayCounts {
  std::uint64_t paths = 0;
  /// Queries for the nearest hit.
  std::uint64_t nearest = 0;
  /// Queries whether a light is hidden.
  std::uint64_t shadow = 0;

  [[nodiscard]] std::uint64_t total() const { return nearest + shadow; }
  RayCounts& operator+=(const RayCounts& o) {
    paths += o.paths;
    nearest += o.nearest;
    shadow += o.shadow;
    return *this;
  }
};

/// Estimates the light that arrives along `ray` by following one path.
[[nodiscard]] Color trace_path(const Scene& scene, Ray ray, const RenderSettings& settings,
                               Sampler& sampler, RayCounts& counts);

/// Renders one tile of the film and says how many rays it took.
///
/// The result depends on the arguments only: each pixel has its own random numbers.
/// Threads: tiles that do not overlap may be rendered at once.
RayCounts render_tile(const Scene& scene, const Camera& camera, const RenderSettings& settings,
                      const Tile& tile, Film& film);

}  // namespace raytracer
