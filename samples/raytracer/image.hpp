/// @file
/// The finished picture: 8 bits a channel, as a file holds it.
#pragma once

#include <cstdint>
#include <vector>

#include "film.hpp"

namespace raytracer {

struct Image {
  int width = 0;
  int height = 0;
  /// Three bytes a pixel, rows from the top.
  std::vector<std::uint8_t> rgb;
};

/// Develops the film: exposure (a factor of 2^stops), a filmic curve, the sRGB curve, dither.
///
/// The curve is the fit of the ACES reference transform by Hill: contrast in the middle, bright
/// colours that bleach instead of clipping. The dither is half a step of noise by pixel position,
/// which hides the bands of a smooth sky.
[[nodiscard]] Image develop(const Film& film, float exposure_stops);

}  // namespace raytracer
