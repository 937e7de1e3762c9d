/// @file
/// PNG: a picture as the bytes of a file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "image.hpp"

namespace raytracer {

/// Makes the bytes of a PNG file, in memory: a file that is open for no longer than it takes to
/// write them can hardly be left behind half written.
///
/// Errors: std::runtime_error.
[[nodiscard]] std::vector<std::uint8_t> encode_png(const Image& image);

/// Gives the size that a PNG file says its picture has.
///
/// Errors: std::runtime_error.
[[nodiscard]] PixelSize png_size(std::span<const std::uint8_t> bytes);

/// Reads a PNG file of any kind, so that it looks as in sRGB; how opaque it is does not matter.
///
/// Errors: std::runtime_error; std::bad_alloc.
[[nodiscard]] Image decode_png(std::span<const std::uint8_t> bytes);

}  // namespace raytracer
