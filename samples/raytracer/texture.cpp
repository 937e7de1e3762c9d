#include "texture.hpp"

#include <algorithm>
#include <cstddef>

namespace raytracer {
namespace {

/// What the 256 values of a channel in sRGB are in light.
const std::array<float, 256> kLinear = [] {
  std::array<float, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const float v = static_cast<float>(i) / 255.0F;
    table[i] = v <= 0.04045F ? v / 12.92F : std::pow((v + 0.055F) / 1.055F, 2.4F);
  }
  return table;
}();

/// The two pixels between whose middles a place is, and how near it is to the second.
struct Between {
  int first;
  int second;
  float share;
};

/// Finds them along one axis, from 0 to 1 over `size` pixels.
Between find(float place, int size, Wrap wrap) {
  const float within =
      wrap == Wrap::Clamp ? std::clamp(place, 0.0F, 1.0F) : place - std::floor(place);
  const float from_first_middle = within * static_cast<float>(size) - 0.5F;
  const float below = std::floor(from_first_middle);
  const int first = static_cast<int>(below);
  const int second = first + 1;
  const float share = from_first_middle - below;
  // Both are at most one pixel beyond the edge.
  if (wrap == Wrap::Clamp) return {std::max(first, 0), std::min(second, size - 1), share};
  return {first < 0 ? size - 1 : first, second >= size ? 0 : second, share};
}

}  // namespace

Color Texture::pixel(int x, int y) const {
  const auto index = static_cast<std::size_t>(y) * static_cast<std::size_t>(image_.width) +
                     static_cast<std::size_t>(x);
  const std::uint8_t* rgb = &image_.rgb[3 * index];
  return {kLinear[rgb[0]], kLinear[rgb[1]], kLinear[rgb[2]]};
}

Color Texture::at(Uv place, Wrap wrap) const {
  const Between x = find(place.u, image_.width, wrap);
  // Rows come from the top, and v goes upwards.
  const Between y = find(1.0F - place.v, image_.height, wrap);
  const Color upper = lerp(pixel(x.first, y.first), pixel(x.second, y.first), x.share);
  const Color lower = lerp(pixel(x.first, y.second), pixel(x.second, y.second), x.share);
  return lerp(upper, lower, y.share);
}

}  // namespace raytracer
