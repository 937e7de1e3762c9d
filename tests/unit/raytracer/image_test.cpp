#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>

#include "files.hpp"
#include "image.hpp"
#include "input_error.hpp"
#include "output_file.hpp"
#include "write_png.hpp"

using namespace raytracer;
using Catch::Matchers::Contains;
using raytracer_test::TemporaryFolder;

namespace {

Image make_image(int width, int height) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height * 3; ++i)
    image.rgb.push_back(static_cast<std::uint8_t>(i * 37));
  return image;
}

}  // namespace

TEST_CASE("a PNG gives back the pixels that were written") {
  const TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair{1, 1}, std::pair{33, 17}}) {
    const Image image = make_image(width, height);
    write_png(image, folder / "a.png");
    const Image back = read_png(folder / "a.png");
    CHECK(back.width == width);
    CHECK(back.height == height);
    CHECK(back.rgb == image.rgb);
  }
  CHECK(folder.file_count() == 1);
}

TEST_CASE("an output file that is not committed leaves the old one as it was") {
  const TemporaryFolder folder;
  const auto path = folder.write("a.png", "old");
  {
    const OutputFile file(path);
    std::fputs("half of the new o", file.stream());
    CHECK(folder.file_count() == 2);
  }
  CHECK(folder.file_count() == 1);
  std::string content;
  std::ifstream(path) >> content;
  CHECK(content == "old");
}

TEST_CASE("places that take no file are refused before anything is written") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(check_writable(folder / "none/a.png"), Contains("No such file or directory"));
  CHECK_THROWS_WITH(check_writable(folder / ""), Contains("it is no name for a file"));
  CHECK_THROWS_WITH(check_writable(folder / "."), Contains("it is a directory"));
  CHECK_THROWS_WITH(check_writable("/dev/full"), Contains("not a regular file"));
  check_writable(folder / "a.png");
  CHECK(folder.file_count() == 0);
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
