#include <catch2/catch.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

#include "changelog.hpp"
#include "import.hpp"

using changelog::Entry;

namespace {

struct Reading {
  std::string_view text;
  std::size_t at = 0;
  std::vector<Entry> entries;
  changelog::Mistake mistake;
  bool is_good = false;
};

Reading read(std::string_view text) {
  Reading reading;
  reading.text = text;
  const changelog::Callbacks callbacks{
      [](void* to) {
        auto& self = *static_cast<Reading*>(to);
        if (self.at == self.text.size()) return -1;
        return int{static_cast<unsigned char>(self.text[self.at++])};
      },
      [](void* to, Entry& entry) { static_cast<Reading*>(to)->entries.push_back(entry); },
      &reading};
  reading.is_good = changelog::parse(callbacks, reading.mistake);
  return reading;
}

const std::string kHeading = "tool (1.0-1) unstable; urgency=low\n";
const std::string kTrailer = " -- A. Author <a@example.org>  Mon, 02 Jan 2006 15:04:05 -0700\n";

std::string entry_with(const std::string& body) { return kHeading + "\n" + body + "\n" + kTrailer; }

/// Items, each inside the one before it.
std::string nested(int depth) {
  std::string body;
  for (int i = 1; i <= depth; ++i) body += std::string(static_cast<std::size_t>(i), ' ') + "* x\n";
  return entry_with(body);
}

void expect_mistake(const std::string& text, int line, const std::string& words) {
  const Reading reading = read(text);
  INFO(text.substr(0, 200));
  CHECK_FALSE(reading.is_good);
  CHECK(reading.mistake.line == line);
  CHECK_THAT(reading.mistake.what, Catch::Contains(words));
}

}  // namespace

TEST_CASE("an entry has a heading, items and a trailer") {
  const Reading reading = read(
      "tool (1:2.0~rc1-3) unstable experimental; urgency=HIGH (security), binary-only=yes\n"
      "\n"
      "  [ Somebody ]\n"
      "  * One thing,\n"
      "    in two lines.  Closes: #12\n"
      "  * Another:\n"
      "    - with a part\n"
      "      + of a part\n"
      "    - and one more\n"
      "\n"
      " -- J\u00f6rg <joerg@example.org>  Mon, 02 Jan 2006 15:04:05 -0700\n");
  REQUIRE(reading.is_good);
  REQUIRE(reading.entries.size() == 1);
  const Entry& entry = reading.entries[0];
  CHECK(entry.package == "tool");
  CHECK(entry.version == "1:2.0~rc1-3");
  CHECK(entry.distribution == "unstable experimental");
  CHECK(entry.urgency == "high");
  CHECK(entry.maintainer == "J\u00f6rg");
  CHECK(entry.email == "joerg@example.org");
  CHECK(entry.date == "Mon, 02 Jan 2006 15:04:05 -0700");
  CHECK(entry.items == 5);
  CHECK(entry.depth == 3);
  CHECK_THAT(entry.changes, Catch::Contains("in two lines.  Closes: #12\n* Another:\n"));
}

TEST_CASE("entries follow each other, with remarks between and another format after them") {
  const std::string one = entry_with("  * x\n");
  const Reading reading = read("\n" + one + "\n# a remark\n/* one more */\n" + one + one +
                               "Old Changelog:\nanything\n(goes\n");
  CHECK(reading.is_good);
  CHECK(reading.entries.size() == 3);
}

TEST_CASE("an empty file has no entries") {
  CHECK(read("").is_good);
  CHECK(read("\n \n").is_good);
  CHECK(read("").entries.empty());
}

TEST_CASE("the last line needs no end") {
  const std::string text = entry_with("  * x\n");
  CHECK(read(std::string_view(text).substr(0, text.size() - 1)).entries.size() == 1);
}

TEST_CASE("a mistake has its line and its words") {
  expect_mistake("hello\n", 1, "this is not the heading of an entry");
  expect_mistake("tool (1.0-1) unstable\n", 1, "not the heading");
  expect_mistake("tool () unstable; urgency=low\n", 1, "not the heading");
  expect_mistake("tool (1.0; unstable) urgency=low\n", 1, "not the heading");
  expect_mistake(" tool (1.0-1) unstable; urgency=low\n", 1, "not the heading");
  expect_mistake("my tool (1.0-1) unstable; urgency=low\n", 1, "has a blank in its name");
  expect_mistake("tool (1 0) unstable; urgency=low\n", 1, "has a blank in its name");
  expect_mistake(kHeading, 2, "the file ends inside an entry");
  expect_mistake(kHeading + "  * x\n", 3, "the file ends inside an entry");
  expect_mistake(kHeading + kHeading, 2, "without a blank at the beginning");
  expect_mistake(kHeading + "  * x\ny\n", 3, "without a blank at the beginning");
  expect_mistake(kHeading + "\n --\n", 3, "is not followed by 'Name <address>  date'");
  expect_mistake(kHeading + "\n -- A. Author\n", 3, "is not followed by");
  expect_mistake(kHeading + "\n -- A. Author > <\n", 3, "is not followed by");
  expect_mistake(entry_with("  * x\n") + "Thu Jul 18 01:30:22 MDT 1996\n", 6, "not the heading");
  expect_mistake(kHeading + std::string("  * \0x\n", 7), 2, "no text");
  expect_mistake(std::string(70000, 'x'), 1, "longer than 65536 characters");
  expect_mistake(kHeading + "  * " + std::string(70000, 'x'), 2, "longer than 65536 characters");
}

TEST_CASE("strange items are text, or items without a text") {
  const Reading reading = read(entry_with("  *\n  *x\n  -\n  * \n  *\ty\n\t* z\n  --x\n"));
  REQUIRE(reading.is_good);
  CHECK(reading.entries[0].items == 3);
}

TEST_CASE("settings may be missing, many or without a value") {
  const std::string settings[] = {"",  " ",  "urgency", "urgency=", ",,,", "a=b,urgency=,c",
                                  "=", "=,="};
  for (const std::string& setting : settings) {
    const Reading reading = read("tool (1) x;" + setting + "\n" + kTrailer);
    INFO(setting);
    CHECK(reading.is_good);
    CHECK(reading.entries.at(0).urgency.empty());
  }
  std::string many = "tool (1) x; ";
  while (many.size() < 60000) many += "a=b,";
  // A level of recursion for each would be too much for a fiber.
  CHECK(read(many + "Urgency = Low\n" + kTrailer).entries.at(0).urgency == "low");
}

TEST_CASE("items are nested up to a limit, also on the stack of a fiber") {
  const std::string deepest = nested(changelog::kDeepestItem);
  const std::string deeper = nested(changelog::kDeepestItem + 1);
  CHECK(read(deepest).entries.at(0).depth == changelog::kDeepestItem);
  expect_mistake(deeper, 2 + changelog::kDeepestItem + 1, "nested more than 500 deep");
  weft::Runtime rt{{.workers = 1}};
  const auto read_both = [&] { return std::pair(read(deepest), read(deeper)); };
  auto on_fiber = weft::on_fiber(read_both, {.stack_size = legacy_port::kParserStack});
  const auto [good, bad] = rt.run(std::move(on_fiber));
  CHECK(good.is_good);
  CHECK_FALSE(bad.is_good);
}

TEST_CASE("a date becomes one that sorts") {
  std::string iso;
  CHECK(changelog::to_iso_date("Mon, 02 Jan 2006 15:04:05 -0700", iso));
  CHECK(iso == "2006-01-02T15:04:05-07:00");
  CHECK(changelog::to_iso_date("Tue,  9 Dec 1997 02:24:31 +0000 (GMT)", iso));
  CHECK(iso == "1997-12-09T02:24:31+00:00");
  const char* const wrong[] = {"",
                               "yesterday",
                               "Mon, 02 Jan 2006",
                               "Mon, 02 Jab 2006 15:04:05 -0700",
                               "Mon, 02 anF 2006 15:04:05 -0700",
                               "Mon, 42 Jan 2006 15:04:05 -0700",
                               "Mon, 02 Jan 2006 25:04:05 -0700",
                               "Mon, 02 Jan 2006 15:04:05 -07",
                               "Mon, 02 Jan -006 15:04:05 -0700"};
  for (const char* const date : wrong) {
    INFO(date);
    CHECK_FALSE(changelog::to_iso_date(date, iso));
  }
}

TEST_CASE("closed bugs are found where they are listed") {
  Entry entry;
  const auto numbers_in = [&entry](const std::string& text) {
    entry.changes = text;
    std::vector<long> numbers;
    for (const legacy_port::ClosedBug& bug : legacy_port::closed_bugs(entry))
      numbers.push_back(bug.number);
    return numbers;
  };
  CHECK(numbers_in("fixed (Closes: #12)\n") == std::vector<long>{12});
  CHECK(numbers_in("closes: #12, 34,\n#56\nCLOSES:#78.") == std::vector<long>{12, 34, 56, 78});
  CHECK(numbers_in("closes: , closes:") == std::vector<long>{});
  CHECK(numbers_in("closes: #12345678901234567890") == std::vector<long>{});
  CHECK(numbers_in("discloses everything") == std::vector<long>{});
  CHECK(numbers_in("") == std::vector<long>{});
}
