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

/// One PNG file whose header has been read.
class PngReader {
 public:
  explicit PngReader(std::span<const std::uint8_t> bytes) : png_(describe({})) {
    if (png_image_begin_read_from_memory(&png_, bytes.data(), bytes.size()) == 0) fail();
    // Without a word on it, libpng would take 16 bits for linear, which hardly any program writes.
    png_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  }
  ~PngReader() { png_image_free(&png_); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  [[nodiscard]] PixelSize size() const {
    return {static_cast<int>(png_.width), static_cast<int>(png_.height)};
  }

  [[nodiscard]] Image read() {
    // Colours of what is transparent come as they are in the file; without alpha they would be
    // blended with black.
    const bool has_alpha = (png_.format & PNG_FORMAT_FLAG_ALPHA) != 0;
    png_.format = has_alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
    Image image{size().width, size().height, {}};
    image.rgb.resize(PNG_IMAGE_SIZE(png_));
    if (png_image_finish_read(&png_, nullptr, image.rgb.data(), 0, nullptr) == 0) fail();
    if (has_alpha) drop_alpha(image);
    return image;
  }

 private:
  static void drop_alpha(Image& image) {
    const std::size_t count = PixelSize{image.width, image.height}.count();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        image.rgb[3 * i + channel] = image.rgb[4 * i + channel];
      }
    }
    image.rgb.resize(3 * count);
    image.rgb.shrink_to_fit();
  }

  [[noreturn]] void fail() const {
    throw std::runtime_error(std::string("reading the PNG failed: ") + png_.message);
  }

  png_image png_;
};

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

PixelSize png_size(std::span<const std::uint8_t> bytes) { return PngReader(bytes).size(); }

Image decode_png(std::span<const std::uint8_t> bytes) { return PngReader(bytes).read(); }

}  // namespace raytracer
