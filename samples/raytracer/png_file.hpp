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

/// Gives back the picture that encode_png() made the bytes of.
///
/// Errors: std::runtime_error.
[[nodiscard]] Image decode_png(std::span<const std::uint8_t> bytes);

}  // namespace raytracer
