/// @file
/// Meshes made by formula.
#pragma once

#include <cstdint>

#include "scene.hpp"

namespace raytracer {

/// Says how a torus knot runs: around the axis `turns` times while it winds `windings` times
/// around the ring.
struct KnotShape {
  int turns = 2;
  int windings = 3;
  float ring_radius = 1.0F;
  float winding_radius = 0.45F;
  float tube_radius = 0.2F;
  /// Strands of a rope twisted around the tube, and how deep the grooves between them are.
  int strands = 0;
  float groove_depth = 0.0F;
  float twist = 0.0F;
  int segments = 1024;
  int sides = 64;
};

/// Adds a torus knot around `center`, lying flat when `tilt` is zero (radians about the x axis).
void add_torus_knot(Scene& scene, const KnotShape& shape, Vec3 center, float tilt,
                    std::uint32_t material);

/// Says how the outline of a turned body runs: radius at height, from the bottom up.
struct ProfilePoint {
  float radius;
  float height;
};

/// Adds a body turned around the y axis through `center`. Outline corners stay sharp.
void add_turned_body(Scene& scene, const std::vector<ProfilePoint>& profile, Vec3 center, int sides,
                     std::uint32_t material);

/// Adds a cube with a side of `size` from which a Menger sponge of `level` was cut.
void add_menger_sponge(Scene& scene, int level, Vec3 lower, float size, std::uint32_t material);

}  // namespace raytracer
