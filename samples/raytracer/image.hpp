/// @file
/// A picture, such as the finished one: 8 bits a channel, as a file holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "film.hpp"

namespace raytracer {

struct PixelSize {
  int width = 0;
  int height = 0;

  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

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
