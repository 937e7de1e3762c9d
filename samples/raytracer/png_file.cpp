#include "png_file.hpp"

#include <png.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace raytracer {
namespace {

png_image describe(const Image& image) {
  png_image png;
  std::memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  return png;
}

}  // namespace

std::vector<std::uint8_t> encode_png(const Image& image) {
  png_image png = describe(image);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::uint8_t> bytes(size);
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr) == 0) {
    throw std::runtime_error(std::string("making the PNG failed: ") + png.message);
  }
  bytes.resize(size);
  return bytes;
}

Image decode_png(std::span<const std::uint8_t> bytes) {
  Image image;
  png_image png = describe(image);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    throw std::runtime_error(std::string("reading the PNG failed: ") + png.message);
  }
  png.format = PNG_FORMAT_RGB;
  image.width = static_cast<int>(png.width);
  image.height = static_cast<int>(png.height);
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr) == 0) {
    throw std::runtime_error(std::string("reading the PNG failed: ") + png.message);
  }
  return image;
}

}  // namespace raytracer
