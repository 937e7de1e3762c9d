#include <catch2/catch.hpp>

#include "image.hpp"
#include "png_file.hpp"

using namespace raytracer;

namespace {

Image make_image(int width, int height) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height * 3; ++i)
    image.rgb.push_back(static_cast<std::uint8_t>(i * 37));
  return image;
}

}  // namespace

TEST_CASE("a PNG gives back the pixels that it was made of") {
  for (const auto& [width, height] : {std::pair{1, 1}, std::pair{33, 17}}) {
    const Image image = make_image(width, height);
    const Image back = decode_png(encode_png(image));
    CHECK(back.width == width);
    CHECK(back.height == height);
    CHECK(back.rgb == image.rgb);
  }
}

TEST_CASE("developing keeps black black, order, and a neutral grey neutral") {
  Film film(64, 3);
  for (int x = 0; x < 64; ++x) {
    const float v = static_cast<float>(x) * 0.1F;
    film.at(x, 1) = {v, v, v};
    film.at(x, 2) = {1e30F, 1e30F, 1e30F};
  }
  const Image image = develop(film, 0.0F);
  REQUIRE(image.rgb.size() == 64 * 3 * 3);
  int last = -1;
  for (std::size_t x = 0; x < 64; ++x) {
    CHECK(image.rgb[3 * x] <= 1);
    const std::uint8_t* grey = &image.rgb[3 * (64 + x)];
    CHECK(int{grey[0]} >= last - 1);
    last = grey[0];
    CHECK(std::abs(int{grey[0]} - int{grey[1]}) <= 2);
    CHECK(std::abs(int{grey[0]} - int{grey[2]}) <= 2);
    CHECK(image.rgb[3 * (128 + x)] >= 250);
  }
}
