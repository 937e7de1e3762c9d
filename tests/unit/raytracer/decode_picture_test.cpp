#include <catch2/catch.hpp>

#include <png.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "decode_picture.hpp"
#include "jpeg_file.hpp"
#include "picture_files.hpp"
#include "support/skip.hpp"
#include "support/two_colour_jpeg.hpp"

using namespace raytracer;
using Catch::Matchers::Contains;
using raytracer_test::bytes_of;

namespace {

/// Says why a file is no picture.
std::string reason_of(const std::string& file) {
  try {
    (void)decode_picture(bytes_of(file));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

bool is_near(const std::uint8_t* rgb, int red, int green, int blue) {
  return std::abs(rgb[0] - red) <= 4 && std::abs(rgb[1] - green) <= 4 &&
         std::abs(rgb[2] - blue) <= 4;
}

/// Writes another size into the header of a JPEG.
std::string resized(std::string jpeg, char width_high, char height_high) {
  const std::size_t frame = jpeg.find("\xFF\xC0");
  jpeg.at(frame + 5) = height_high;
  jpeg.at(frame + 7) = width_high;
  return jpeg;
}

}  // namespace

TEST_CASE("pixels of a PNG keep their colours where they are transparent") {
  const std::uint8_t rgba[] = {10, 20, 30, 0, 40, 50, 60, 255, 70, 80, 90, 128};
  png_image png;
  std::memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  png.width = 3;
  png.height = 1;
  png.format = PNG_FORMAT_RGBA;
  std::string file(PNG_IMAGE_PNG_SIZE_MAX(png), '\0');
  png_alloc_size_t size = file.size();
  REQUIRE(png_image_write_to_memory(&png, file.data(), &size, 0, rgba, 0, nullptr) != 0);
  file.resize(size);
  const Image image = decode_picture(bytes_of(file));
  CHECK(image.width == 3);
  CHECK(image.rgb == std::vector<std::uint8_t>{10, 20, 30, 40, 50, 60, 70, 80, 90});
}

TEST_CASE("a JPEG gives back the colours that it was made of") {
  if (!reads_jpeg()) return weft_test::skip("built without libjpeg");
  const Image image = decode_picture(bytes_of(weft_test::two_colour_jpeg()));
  REQUIRE(image.width == 16);
  REQUIRE(image.height == 8);
  REQUIRE(image.rgb.size() == 16 * 8 * 3);
  for (std::size_t pixel = 0; pixel < 16 * 8; ++pixel) {
    const std::uint8_t* rgb = &image.rgb[3 * pixel];
    CAPTURE(pixel, int{rgb[0]}, int{rgb[1]}, int{rgb[2]});
    CHECK((pixel % 16 < 8 ? is_near(rgb, 200, 30, 40) : is_near(rgb, 20, 40, 220)));
  }
}

TEST_CASE("without libjpeg a JPEG is refused with that reason") {
  if (reads_jpeg()) return weft_test::skip("built with libjpeg");
  CHECK(reason_of(weft_test::two_colour_jpeg()) ==
        "it is a JPEG, and this program was built without libjpeg");
}

TEST_CASE("a picture that is none, or of another format, is refused with that reason") {
  CHECK(reason_of("") == "it is empty");
  CHECK(reason_of("GIF89a and more") == "it is neither a PNG nor a JPEG picture");
  CHECK(reason_of("\x89PNG\r\n\x1a") == "it is neither a PNG nor a JPEG picture");
}

TEST_CASE("a PNG that ends anywhere before its last pixel is refused") {
  const std::string file = raytracer_test::quartered_png();
  REQUIRE(reason_of(file) == "none");
  // The checksum of the pixels and the chunk that says that nothing follows are behind them.
  constexpr std::size_t kBehindPixels = 4 + 12;
  for (std::size_t size = 8; size + kBehindPixels < file.size(); ++size) {
    CAPTURE(size);
    CHECK_THAT(reason_of(file.substr(0, size)), Contains("reading the PNG failed: "));
  }
}

TEST_CASE("a JPEG that ends anywhere before its last pixel is refused, not filled up with grey") {
  if (!reads_jpeg()) return weft_test::skip("built without libjpeg");
  const std::string file = weft_test::two_colour_jpeg();
  constexpr std::size_t kBehindPixels = 2;
  for (std::size_t size = 3; size + kBehindPixels < file.size(); ++size) {
    CAPTURE(size);
    CHECK_THAT(reason_of(file.substr(0, size)), Contains("reading the JPEG failed: "));
  }
}

TEST_CASE("a picture wider or higher than 16384 pixels is refused before there is memory for it") {
  const Image wide{16385, 1, std::vector<std::uint8_t>(16385 * 3)};
  const Image high{1, 16385, std::vector<std::uint8_t>(16385 * 3)};
  CHECK(reason_of(raytracer_test::png(wide)) ==
        "it has 16385 x 1 pixels, more than the 16384 x 16384 this program takes");
  CHECK(reason_of(raytracer_test::png(high)) ==
        "it has 1 x 16385 pixels, more than the 16384 x 16384 this program takes");
  const Image widest{16384, 1, std::vector<std::uint8_t>(16384 * 3)};
  CHECK(reason_of(raytracer_test::png(widest)) == "none");
  if (!reads_jpeg()) return;
  CHECK(reason_of(resized(weft_test::two_colour_jpeg(), '\x7F', 0)) ==
        "it has 32528 x 8 pixels, more than the 16384 x 16384 this program takes");
  CHECK(reason_of(resized(weft_test::two_colour_jpeg(), 0, '\x7F')) ==
        "it has 16 x 32520 pixels, more than the 16384 x 16384 this program takes");
}
