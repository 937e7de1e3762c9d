/// @file
/// The bytes of picture files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "png_file.hpp"

namespace raytracer_test {

inline std::span<const std::uint8_t> bytes_of(const std::string& file) {
  return {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
}

inline std::string png(const raytracer::Image& image) {
  const std::vector<std::uint8_t> bytes = raytracer::encode_png(image);
  return {bytes.begin(), bytes.end()};
}

/// A PNG that is red, green above blue, white, in quarters of 4 x 4 pixels.
inline std::string quartered_png() {
  raytracer::Image image{8, 8, {}};
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const bool is_right = x >= 4;
      const bool is_low = y >= 4;
      const std::uint8_t red = is_right == is_low ? 255 : 0;
      const std::uint8_t green = is_right ? 255 : 0;
      const std::uint8_t blue = is_low ? 255 : 0;
      image.rgb.insert(image.rgb.end(), {red, green, blue});
    }
  }
  return png(image);
}

}  // namespace raytracer_test
