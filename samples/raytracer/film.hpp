/// @file
/// The picture while it is rendered, and its parts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vec.hpp"

namespace raytracer {

/// Holds linear light, one colour a pixel, rows from the top.
///
/// Threads: pixels are separate objects; tiles that do not overlap may be written at once.
class Film {
 public:
  Film(int width, int height)
      : width_(width),
        height_(height),
        pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] Color& at(int x, int y) { return pixels_[index(x, y)]; }
  [[nodiscard]] const Color& at(int x, int y) const { return pixels_[index(x, y)]; }
  [[nodiscard]] const std::vector<Color>& pixels() const { return pixels_; }

  /// Hashes the bits of all pixels (FNV-1a): equal images have equal hashes.
  [[nodiscard]] std::uint64_t hash() const;

 private:
  [[nodiscard]] std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(x);
  }

  int width_;
  int height_;
  std::vector<Color> pixels_;
};

/// A rectangle of pixels [x0, x1) x [y0, y1).
struct Tile {
  int x0;
  int y0;
  int x1;
  int y1;

  [[nodiscard]] int pixel_count() const { return (x1 - x0) * (y1 - y0); }
};

inline constexpr int kTileSize = 16;

/// Cuts the image into tiles, row by row.
[[nodiscard]] inline std::vector<Tile> cut_into_tiles(int width, int height,
                                                      int tile_size = kTileSize) {
  std::vector<Tile> tiles;
  for (int y = 0; y < height; y += tile_size) {
    for (int x = 0; x < width; x += tile_size) {
      tiles.push_back({x, y, std::min(x + tile_size, width), std::min(y + tile_size, height)});
    }
  }
  return tiles;
}

}  // namespace raytracer
