#include <catch2/catch.hpp>

#include <chrono>

#include "options.hpp"
#include "support/parsed_words.hpp"

using namespace spillover;
using weft_test::parsed_words;

TEST_CASE("without arguments the load of this machine goes to spillover.svg") {
  const Options options = parsed_words(parse_options, {});
  CHECK(options.seconds == 8);
  CHECK(options.peak == 0.9);
  CHECK(options.job == std::chrono::microseconds(200));
  CHECK(options.workers == 0);
  CHECK(options.synthetic.empty());
  CHECK(options.output == "spillover.svg");
  CHECK(options.trace.empty());
  CHECK_FALSE(options.is_quiet);
}

TEST_CASE("options of the load are read into their places") {
  const Options options =
      parsed_words(parse_options,
                   {"--seconds", "2.5", "--least", "0", "--peak", "120", "--job-us", "1000",
                    "--workers", "3", "--synthetic", "core:4", "--seed", "9", "-o", "a.svg", "-q",
                    "--trace", "a.json"});
  CHECK(options.seconds == 2.5);
  CHECK(options.least == 0);
  CHECK(options.peak == Approx(1.2));
  CHECK(options.job == std::chrono::milliseconds(1));
  CHECK(options.workers == 3);
  CHECK(options.synthetic == "core:4");
  CHECK(options.seed == 9);
  CHECK(options.output == "a.svg");
  CHECK(options.trace == "a.json");
  CHECK(options.is_quiet);
}
