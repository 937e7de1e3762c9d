#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "texture.hpp"
#include "texture_map.hpp"

using namespace raytracer;

namespace {

const Color kRed{1, 0, 0};
const Color kGreen{0, 1, 0};
const Color kBlue{0, 0, 1};
const Color kWhite{1, 1, 1};

/// Red and green above blue and white.
Texture four_pixels() { return Texture({2, 2, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}}); }

/// Black and white, side by side.
Texture two_pixels() { return Texture({2, 1, {0, 0, 0, 255, 255, 255}}); }

Color of_grey(std::uint8_t value) {
  return Texture({1, 1, {value, value, value}}).at({0.3F, 0.6F}, Wrap::Repeat);
}

}  // namespace

TEST_CASE("the first pixel of a texture is at the upper left, and v goes upwards") {
  for (const Wrap wrap : {Wrap::Repeat, Wrap::Clamp}) {
    CHECK(four_pixels().at({0.25F, 0.75F}, wrap) == kRed);
    CHECK(four_pixels().at({0.75F, 0.75F}, wrap) == kGreen);
    CHECK(four_pixels().at({0.25F, 0.25F}, wrap) == kBlue);
    CHECK(four_pixels().at({0.75F, 0.25F}, wrap) == kWhite);
  }
}

TEST_CASE("beyond its edges there is the texture again, or what is at the edge") {
  CHECK(four_pixels().at({1.25F, -0.25F}, Wrap::Repeat) == kRed);
  CHECK(four_pixels().at({-0.25F, 7.75F}, Wrap::Repeat) == kGreen);
  CHECK(four_pixels().at({-9.75F, 100.25F}, Wrap::Repeat) == kBlue);
  CHECK(four_pixels().at({-0.25F, 7.0F}, Wrap::Clamp) == kRed);
  CHECK(four_pixels().at({3.25F, -2.0F}, Wrap::Clamp) == kWhite);
}

TEST_CASE(
    "between the middles of its pixels the colours of a texture run into each other, in light") {
  CHECK(two_pixels().at({0.5F, 0.5F}, Wrap::Repeat).x == Approx(0.5F));
  CHECK(two_pixels().at({0.375F, 0.5F}, Wrap::Repeat).y == Approx(0.25F));
  CHECK(two_pixels().at({0.625F, 0.1F}, Wrap::Clamp).z == Approx(0.75F));
  // At the edge it runs into the next one, if there is one.
  CHECK(two_pixels().at({0.0F, 0.5F}, Wrap::Repeat).x == Approx(0.5F));
  CHECK(two_pixels().at({0.125F, 0.5F}, Wrap::Repeat).x == Approx(0.25F));
  CHECK(two_pixels().at({0.125F, 0.5F}, Wrap::Clamp).x == 0.0F);
  CHECK(two_pixels().at({1.0F, 0.5F}, Wrap::Clamp).x == 1.0F);
  const Color middle = four_pixels().at({0.5F, 0.5F}, Wrap::Repeat);
  CHECK(middle.x == Approx(0.5F));
  CHECK(middle.y == Approx(0.5F));
  CHECK(middle.z == Approx(0.5F));
}

TEST_CASE("the colours of a texture are sRGB, and become light") {
  CHECK(of_grey(0).x == 0.0F);
  CHECK(of_grey(255).x == 1.0F);
  CHECK(of_grey(10).y == Approx(10.0 / 255.0 / 12.92));
  CHECK(of_grey(128).x == Approx(0.21586).epsilon(1e-4));
  CHECK(of_grey(188).z == Approx(0.50289).epsilon(1e-4));
}

TEST_CASE("any finite place is within a texture") {
  const Texture texture = four_pixels();
  for (const float u : {-1e30F, -1e6F, -1.0F, -1e-9F, -1e-30F, 0.0F, 1e-30F, 0.99999994F, 1.0F,
                        16777215.0F, 1e12F, 1e38F}) {
    for (const float v : {-1e38F, -1e-9F, 0.0F, 0.3F, 1.0F, 1e30F}) {
      for (const Wrap wrap : {Wrap::Repeat, Wrap::Clamp}) {
        CAPTURE(u, v);
        const Color c = texture.at({u, v}, wrap);
        CHECK((c.x >= 0.0F && c.x <= 1.0F && c.y >= 0.0F && c.y <= 1.0F));
      }
    }
  }
}

TEST_CASE("options of a texture come before the name of its file, which may have spaces") {
  const TextureMap plain = parse_texture_map("wood.png");
  CHECK(plain.file == "wood.png");
  CHECK(plain.scale == Uv{1, 1});
  CHECK(plain.offset == Uv{0, 0});
  CHECK(plain.wrap == Wrap::Repeat);
  CHECK(plain.ignored_option.empty());

  const TextureMap all = parse_texture_map("-s 2 3 1  -o 0.5\t-clamp on -o -0.25 .5 old oak.jpg");
  CHECK(all.file == "old oak.jpg");
  CHECK(all.scale == Uv{2, 3});
  CHECK(all.offset == Uv{-0.25F, 0.5F});
  CHECK(all.wrap == Wrap::Clamp);
  CHECK(all.place_of({0.5F, 1.0F}) == Uv{0.75F, 3.5F});
  CHECK(parse_texture_map("-clamp off a.png").wrap == Wrap::Repeat);
  CHECK(parse_texture_map("-s 4 a.png").scale == Uv{4, 1});
}

TEST_CASE("the last word belongs to the name of a texture, whatever it looks like") {
  CHECK(parse_texture_map("-s 2 2 7").file == "7");
  CHECK(parse_texture_map("-clamp on").file == "on");
  CHECK(parse_texture_map("-odd.png").file == "-odd.png");
  CHECK(parse_texture_map("a -s b.png").file == "a -s b.png");
  CHECK(parse_texture_map("").file.empty());
}

TEST_CASE("options of a texture that are not supported are skipped with their values") {
  const TextureMap map = parse_texture_map(
      "-blendu on -mm 0.1 1 -imfchan l -type cube_top -texres 512 -t 0 0 0 -new -s 2 2 a.png");
  CHECK(map.file == "a.png");
  CHECK(map.scale == Uv{2, 2});
  CHECK(map.ignored_option == "-blendu");
}

TEST_CASE("backslashes in the name of a texture separate folders") {
  CHECK(parse_texture_map(R"(.\maps\a b.png)").file == "./maps/a b.png");
}
