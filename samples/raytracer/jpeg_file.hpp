/// @file
/// JPEG: reading a picture from the bytes of a file, where the program was built with libjpeg.
#pragma once

#include <cstdint>
#include <span>

#include "image.hpp"

namespace raytracer {

/// Says whether this program was built with libjpeg; without it both functions throw.
[[nodiscard]] bool reads_jpeg();

/// Gives the size that a JPEG file says its picture has.
///
/// Errors: std::runtime_error.
[[nodiscard]] PixelSize jpeg_size(std::span<const std::uint8_t> bytes);

/// Reads a JPEG file; grey ones become RGB. One that ends too early is refused, not filled up.
///
/// Errors: std::runtime_error; std::bad_alloc.
[[nodiscard]] Image decode_jpeg(std::span<const std::uint8_t> bytes);

}  // namespace raytracer
