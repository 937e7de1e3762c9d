/// @file
/// Stands in for jpeg_file.cpp where there is no libjpeg.

#include <stdexcept>

#include "jpeg_file.hpp"

namespace raytracer {
namespace {

[[noreturn]] void refuse_jpeg() {
  throw std::runtime_error("it is a JPEG, and this program was built without libjpeg");
}

}  // namespace

bool reads_jpeg() { return false; }

PixelSize jpeg_size(std::span<const std::uint8_t> /*bytes*/) { refuse_jpeg(); }

Image decode_jpeg(std::span<const std::uint8_t> /*bytes*/) { refuse_jpeg(); }

}  // namespace raytracer
