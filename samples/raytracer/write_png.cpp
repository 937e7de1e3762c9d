#include "write_png.hpp"

#include <png.h>

#include <cstring>
#include <string>

#include "input_error.hpp"
#include "output_file.hpp"

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

void write_png(const Image& image, const std::filesystem::path& path) {
  OutputFile file(path);
  png_image png = describe(image);
  if (png_image_write_to_stdio(&png, file.stream(), 0, image.rgb.data(), 0, nullptr) == 0) {
    throw InputError(path.string(), std::string("writing it failed: ") + png.message);
  }
  file.commit();
}

Image read_png(const std::filesystem::path& path) {
  Image image;
  png_image png = describe(image);
  if (png_image_begin_read_from_file(&png, path.c_str()) == 0) {
    throw InputError(path.string(), std::string("reading it failed: ") + png.message);
  }
  png.format = PNG_FORMAT_RGB;
  image.width = static_cast<int>(png.width);
  image.height = static_cast<int>(png.height);
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr) == 0) {
    throw InputError(path.string(), std::string("reading it failed: ") + png.message);
  }
  return image;
}

}  // namespace raytracer
