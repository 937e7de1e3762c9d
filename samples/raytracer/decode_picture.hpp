/// @file
/// Pictures from files, whatever their format.
#pragma once

#include <cstdint>
#include <span>

#include "image.hpp"

namespace raytracer {

/// Gives the size of a PNG or JPEG picture, which its content tells apart, as its header has it.
///
/// Errors: std::runtime_error, with a reason that follows the name of the file in a sentence; also
///         when it is wider or higher than 16384 pixels.
[[nodiscard]] PixelSize picture_size(std::span<const std::uint8_t> bytes);

/// Reads such a picture.
///
/// Errors: as picture_size(), and when it is broken or not complete; std::bad_alloc.
[[nodiscard]] Image decode_picture(std::span<const std::uint8_t> bytes);

}  // namespace raytracer
