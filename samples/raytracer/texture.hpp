/// @file
/// Pictures on surfaces: where on them a place is, and which colour they have there.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "image.hpp"
#include "vec.hpp"

namespace raytracer {

/// A place on a picture, of which (0, 0) is the lower left corner and (1, 1) the upper right one.
struct Uv {
  float u = 0.0F;
  float v = 0.0F;

  /// What corners have for which the file gives no place: no number, and so is what is made of it.
  [[nodiscard]] static constexpr Uv none() {
    constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
    return {kNoNumber, kNoNumber};
  }
  [[nodiscard]] bool is_none() const { return std::isnan(u) || std::isnan(v); }
  friend constexpr bool operator==(Uv, Uv) = default;
};

/// The places of a triangle's corners.
using UvCorners = std::array<Uv, 3>;

[[nodiscard]] constexpr Uv operator+(Uv a, Uv b) { return {a.u + b.u, a.v + b.v}; }
[[nodiscard]] constexpr Uv operator*(Uv a, Uv b) { return {a.u * b.u, a.v * b.v}; }
[[nodiscard]] constexpr Uv operator*(Uv a, float s) { return {a.u * s, a.v * s}; }

/// What there is beyond the edges of a picture.
enum class Wrap : std::uint8_t {
  /// The picture again.
  Repeat,
  /// What is at the edge.
  Clamp,
};

/// A picture as a surface shows it: the colours of its pixels are those in their middles, and
/// between them they run into each other.
///
/// Threads: any number may ask at once.
class Texture {
 public:
  /// Takes a picture in sRGB, of one pixel or more.
  explicit Texture(Image image) : image_(std::move(image)) {}

  /// Gives the linear colour at a place; any finite place will do.
  [[nodiscard]] Color at(Uv place, Wrap wrap) const;

  [[nodiscard]] int width() const { return image_.width; }
  [[nodiscard]] int height() const { return image_.height; }

 private:
  [[nodiscard]] Color pixel(int x, int y) const;

  Image image_;
};

}  // namespace raytracer
