#include <catch2/catch.hpp>

#include "chart.hpp"

using namespace spillover;
using Catch::Matchers::Contains;

namespace {

Chart small_chart() {
  Chart chart;
  chart.title = "a < b & \"c\"";
  chart.seconds = 2;
  chart.bands = {{"first", 0, 1}, {"second", 1, 2}};
  Panel panel;
  panel.title = "panel";
  panel.ticks = {0, 10};
  panel.tick_labels = {"0", "10"};
  chart.panels = {panel};
  return chart;
}

std::string drawn(Series::Shape shape) {
  Chart chart = small_chart();
  chart.panels[0].series = {{"one", "#123456", shape, {{0, 0}, {1, 10}, {2, 10}}}};
  return draw_svg(chart);
}

}  // namespace

TEST_CASE("words in a chart are escaped") {
  CHECK_THAT(draw_svg(small_chart()), Contains("a &lt; b &amp; &quot;c&quot;"));
}

TEST_CASE("a line has its points, and steps have corners between them") {
  CHECK_THAT(drawn(Series::Shape::Line), Contains("points=\"80.0,226.0 508.0,86.0 936.0,86.0\""));
  CHECK_THAT(drawn(Series::Shape::Steps),
             Contains("points=\"80.0,226.0 508.0,226.0 508.0,86.0 936.0,86.0 936.0,86.0\""));
  CHECK_THAT(
      drawn(Series::Shape::Area),
      Contains("<polygon points=\"80.0,226.0 508.0,86.0 936.0,86.0 936.0,226.0 80.0,226.0\""));
}

TEST_CASE("what is outside the axis stays inside the panel") {
  Chart chart = small_chart();
  chart.panels[0].series = {{"one", "#123456", Series::Shape::Line, {{-1, -5}, {5, 50}}}};
  CHECK_THAT(draw_svg(chart), Contains("points=\"80.0,226.0 936.0,86.0\""));
}

TEST_CASE("a logarithmic axis has its powers at equal distances") {
  Chart chart = small_chart();
  chart.panels[0].ticks = {1, 100};
  chart.panels[0].is_logarithmic = true;
  chart.panels[0].series = {{"one", "#123456", Series::Shape::Line, {{0, 1}, {1, 10}, {2, 100}}}};
  CHECK_THAT(draw_svg(chart), Contains("points=\"80.0,226.0 508.0,156.0 936.0,86.0\""));
}

TEST_CASE("ticks are round and reach over the largest value") {
  CHECK(round_ticks(8) == std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(round_ticks(9).back() == Approx(10));
  CHECK(round_ticks(0.3).back() == Approx(0.3));
  for (const double most : {1e-6, 0.7, 1.0, 3.3, 192.0, 12345.0}) {
    const auto ticks = round_ticks(most);
    CHECK(ticks.size() >= 3);
    CHECK(ticks.size() <= 10);
    CHECK(ticks.back() >= most * 0.999);
  }
}
