/// @file
/// PNG files.
#pragma once

#include <filesystem>

#include "image.hpp"

namespace raytracer {

/// Writes an image; the file appears whole or not at all.
///
/// Errors: InputError with one sentence that names the file.
void write_png(const Image& image, const std::filesystem::path& path);

/// Reads an 8-bit RGB image back, as written above.
///
/// Errors: InputError.
[[nodiscard]] Image read_png(const std::filesystem::path& path);

}  // namespace raytracer
