#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "options.hpp"

using namespace legacy_port;

namespace {

Options parse(std::vector<std::string> words) {
  words.insert(words.begin(), "legacy_port");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const ParsedOptions parsed = parse_options(static_cast<int>(words.size()), arguments.data());
  REQUIRE_FALSE(parsed.exit_status);
  return parsed.options;
}

}  // namespace

TEST_CASE("without arguments the changelogs of the system go to changelogs.db") {
  const Options options = parse({});
  CHECK(options.files.empty());
  CHECK(options.doc == "/usr/share/doc");
  CHECK(options.database == "changelogs.db");
  CHECK(options.workers == 0);
  CHECK_FALSE(options.is_unmarked);
}

TEST_CASE("options of the port are read into their places") {
  const Options options =
      parse({"a.gz", "-d", "b.db", "--workers", "3", "--delay", "20", "--unmarked", "-q", "c.gz"});
  CHECK(options.files == std::vector<std::string>{"a.gz", "c.gz"});
  CHECK(options.database == "b.db");
  CHECK(options.workers == 3);
  CHECK(options.delay == std::chrono::milliseconds(20));
  CHECK(options.is_unmarked);
  CHECK(options.is_quiet);
}
