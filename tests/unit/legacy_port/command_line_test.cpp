#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "options.hpp"
#include "support/parsed_words.hpp"

using namespace legacy_port;
using weft_test::parsed_words;

TEST_CASE("without arguments the changelogs of the system go to changelogs.db") {
  const Options options = parsed_words(parse_options, {});
  CHECK(options.files.empty());
  CHECK(options.doc == "/usr/share/doc");
  CHECK(options.database == "changelogs.db");
  CHECK(options.workers == 0);
  CHECK_FALSE(options.is_unmarked);
}

TEST_CASE("options of the port are read into their places") {
  const Options options = parsed_words(
      parse_options,
      {"a.gz", "-d", "b.db", "--workers", "3", "--delay", "20", "--unmarked", "-q", "c.gz"});
  CHECK(options.files == std::vector<std::string>{"a.gz", "c.gz"});
  CHECK(options.database == "b.db");
  CHECK(options.workers == 3);
  CHECK(options.delay == std::chrono::milliseconds(20));
  CHECK(options.is_unmarked);
  CHECK(options.is_quiet);
}
