/// @file
/// Light from outside the scene: a gradient and a sun of visible size.
#pragma once

#include <algorithm>
#include <cmath>

#include "vec.hpp"

namespace raytracer {

struct Sky {
  Color zenith{0.3F, 0.5F, 0.9F};
  Color horizon{0.8F, 0.85F, 0.9F};
  /// What rays that go down see.
  Color ground{0.3F, 0.3F, 0.3F};
  /// How fast horizon turns into zenith; smaller is faster.
  float falloff = 0.5F;
  /// A wide glow around the sun.
  Color glow{0.0F, 0.0F, 0.0F};
  float glow_exponent = 32.0F;

  Vec3 sun_direction{0.0F, 1.0F, 0.0F};
  /// Radiance of the sun's disc; zero: no sun.
  Color sun{0.0F, 0.0F, 0.0F};
  /// 1 - cosine of the sun's half angle, which keeps its digits for small suns.
  float sun_size = 1e-3F;

  [[nodiscard]] bool has_sun() const { return max_component(sun) > 0.0F; }
  [[nodiscard]] bool is_in_sun(Vec3 direction) const {
    return has_sun() && 1.0F - dot(direction, sun_direction) < sun_size;
  }
  /// Gives the radiance from a direction, without the sun's disc.
  [[nodiscard]] Color radiance(Vec3 direction) const {
    const float up = direction.y;
    Color color = up >= 0.0F ? lerp(horizon, zenith, std::pow(up, falloff))
                             : lerp(horizon, ground, std::min(1.0F, -up * 8.0F));
    const float toward_sun = dot(direction, sun_direction);
    if (toward_sun > 0.0F && max_component(glow) > 0.0F) {
      color += glow * std::pow(toward_sun, glow_exponent);
    }
    return color;
  }
};

}  // namespace raytracer
