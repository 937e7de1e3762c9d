/// @file
/// Maps points of the unit square to directions and shapes.
#pragma once

#include <algorithm>
#include <cmath>

#include "rng.hpp"
#include "vec.hpp"

namespace raytracer {

/// Maps the square to the unit disc and keeps strata compact (Shirley and Chiu, 1997).
[[nodiscard]] inline Sample2 sample_disk(Sample2 u) {
  const float a = 2.0F * u.x - 1.0F;
  const float b = 2.0F * u.y - 1.0F;
  if (a == 0.0F && b == 0.0F) return {0.0F, 0.0F};
  const bool is_wide = std::abs(a) > std::abs(b);
  const float r = is_wide ? a : b;
  const float phi = is_wide ? (kPi / 4.0F) * (b / a) : kPi / 2.0F - (kPi / 4.0F) * (a / b);
  return {r * std::cos(phi), r * std::sin(phi)};
}

/// Chooses a direction around +z with density cos / pi.
[[nodiscard]] inline Vec3 sample_cosine_hemisphere(Sample2 u) {
  const Sample2 d = sample_disk(u);
  const float z2 = 1.0F - d.x * d.x - d.y * d.y;
  return {d.x, d.y, std::sqrt(std::max(z2, 1e-10F))};
}

/// Chooses a direction in the cone around +z whose half angle has the given 1 - cosine.
[[nodiscard]] inline Vec3 sample_cone(Sample2 u, float one_minus_cos) {
  const float h = u.x * one_minus_cos;
  const float s = std::sqrt(std::max(h * (2.0F - h), 0.0F));
  const float phi = 2.0F * kPi * u.y;
  return {s * std::cos(phi), s * std::sin(phi), 1.0F - h};
}

[[nodiscard]] inline float cone_pdf(float one_minus_cos) {
  return 1.0F / (2.0F * kPi * one_minus_cos);
}

/// Weighs a sample against a second technique that could have made it (Veach's power heuristic).
[[nodiscard]] inline float power_heuristic(float own_pdf, float other_pdf) {
  // Divides first: a square of a density may overflow.
  const float ratio = other_pdf / own_pdf;
  return 1.0F / (1.0F + ratio * ratio);
}

}  // namespace raytracer
