#include <catch2/catch.hpp>

#include <algorithm>

#include "frame.hpp"

using namespace spillover;
using Catch::Matchers::Contains;

namespace {

Load some_load() {
  const LoadProfile profile(8, 0.1, 0.9);
  return {profile, 1000, make_schedule(profile, 1000, 1), Work(1)};
}

/// Two tiers, of which the first is open.
RunRecord run_of(unsigned home, unsigned others) {
  RunRecord run;
  run.name = "tiered";
  run.tiers = {{"home", 0, home}, {"others", home, others}};
  Sample sample;
  sample.second = 2;
  sample.cpu_seconds = 1.5;
  sample.busy.assign(home + others, 0.0);
  sample.busy[0] = 0.5;
  sample.open_workers = home;
  sample.open_tiers = 1;
  run.samples = {sample};
  return run;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  return text;
}

std::vector<std::string> drawn(const RunRecord& run, const FrameStyle& style) {
  const Load load = some_load();
  return draw_frame({run, {100, 212'000, 1'250'000}}, {load, 2, nullptr}, style);
}

}  // namespace

TEST_CASE("a frame says what is open, how busy workers are, and what it costs") {
  const std::string text = text_of(drawn(run_of(1, 1), {}));
  CHECK_THAT(text, Contains("tiered: 2.0 of 8.0 s, rise"));
  CHECK_THAT(text, Contains("offered  50 %"));
  CHECK_THAT(text, Contains("tier 0 open    home"));
  CHECK_THAT(text, Contains("tier 1 closed  others"));
  CHECK_THAT(text, Contains("  0 ######......  50 %"));
  CHECK_THAT(text, Contains("1.50 s CPU  p50 212 us  p99 1.25 ms"));
}

TEST_CASE("without colour and UTF-8 a frame is plain ASCII, with them it is not") {
  const auto is_plain = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
  };
  CHECK(is_plain(text_of(drawn(run_of(20, 20), {}))));
  FrameStyle style;
  style.has_colour = true;
  style.is_utf8 = true;
  const std::string text = text_of(drawn(run_of(1, 1), style));
  CHECK_THAT(text, Contains("\x1b[32mopen") && Contains("█"));
}

TEST_CASE("a frame fits into any terminal") {
  for (const unsigned workers : {1U, 12U, 500U}) {
    for (const unsigned columns : {1U, 8U, 20U, 80U, 300U}) {
      for (const unsigned rows : {1U, 2U, 5U, 24U}) {
        FrameStyle style;
        style.columns = columns;
        style.rows = rows;
        const auto lines = drawn(run_of(workers, workers), style);
        CHECK(lines.size() < std::max(rows, 1U) + (rows == 1 ? 0 : 1));
        for (const std::string& line : lines) CHECK(line.size() <= columns);
      }
    }
  }
}

TEST_CASE("a frame compares with the run before at the same moment") {
  const Load load = some_load();
  RunRecord other = run_of(1, 1);
  other.name = "all open";
  other.samples = {{4, 8, {}, 0, 0}};
  other.latencies_ns.assign(load.schedule.size(), 300'000);
  const RunRecord run = run_of(1, 1);
  const auto lines = draw_frame({run, {}}, {load, 2, &other}, {});
  CHECK_THAT(text_of(lines), Contains("all open                      4.00 s CPU  p50 300 us"));
}
