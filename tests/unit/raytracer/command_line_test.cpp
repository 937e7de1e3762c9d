#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "options.hpp"
#include "progress.hpp"
#include "support/parsed_words.hpp"

using namespace raytracer;
using weft_test::parsed_words;

TEST_CASE("without arguments the built-in scene goes to raytracer.png") {
  const Options options = parsed_words(parse_options, {});
  CHECK(options.scene.empty());
  CHECK(options.output == "raytracer.png");
  CHECK(options.width == 960);
  CHECK(options.height == 540);
  CHECK(options.render.samples == 64);
  CHECK_FALSE(options.up);
}

TEST_CASE("options are read into their places") {
  const Options options = parsed_words(
      parse_options,
      {"--scene",    "a.stl",     "-o",      "b.png",    "--size",     "32x16",       "--spp",
       "7",          "--threads", "3",       "--seed",   "4294967295", "--max-depth", "5",
       "--exposure", "-1.5",      "--eye",   "1,-2,3.5", "--up",       "y",           "--finish",
       "gold",       "--yaw=-20", "--stats", "-q"});
  CHECK(options.scene == "a.stl");
  CHECK(options.width == 32);
  CHECK(options.height == 16);
  CHECK(options.render.samples == 7);
  CHECK(options.threads == 3);
  CHECK(options.render.seed == 4294967295U);
  CHECK(options.render.max_depth == 5);
  CHECK(options.exposure == -1.5F);
  CHECK(options.eye.value() == Vec3{1, -2, 3.5F});
  CHECK(options.up.value() == UpAxis::Y);
  CHECK(options.stage.finish == Finish::Gold);
  CHECK(options.yaw.value() == -20.0F);
  CHECK(options.print_stats);
  CHECK(options.is_quiet);
}

TEST_CASE("progress tells share, speed and time left") {
  CHECK(describe_progress(0.25, 10.0, 30e6, 0) == " 25 %  3.00 Mrays/s  ETA 0:30");
  CHECK(describe_progress(0.5, 10.0, 30e6, 4) == "[##..]  50 %  3.00 Mrays/s  ETA 0:10");
  CHECK(describe_progress(0.0, 0.0, 0.0, 0) == "  0 %  0.00 Mrays/s  ETA -:--");
  CHECK(describe_duration(3725.0) == "1:02:05");
}
