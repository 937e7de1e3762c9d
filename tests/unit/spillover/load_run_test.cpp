#include <catch2/catch.hpp>

#include <algorithm>
#include <variant>

#include "chart.hpp"
#include "load_run.hpp"
#include "picture.hpp"
#include "report.hpp"

using namespace spillover;
using Catch::Matchers::Contains;

namespace {

Load short_load() {
  const LoadProfile profile(0.3, 0.1, 0.5);
  return {profile, 1000, make_schedule(profile, 1000, 1), Work(100)};
}

RunPlan tiers_of_two() {
  RunPlan plan;
  plan.name = "tiered";
  plan.options.workers = 2;
  plan.options.topology = weft::Topology::parse("l3:2 core:1");
  plan.options.pinning = weft::PinningStrategy::TieredSpillover;
  plan.options.pinning_best_effort = true;
  return plan;
}

}  // namespace

TEST_CASE("a run does each job once, and takes samples in order") {
  const Load load = short_load();
  const RunRecord run = run_load(load, tiers_of_two(), {}, [](const Moment&) {});
  REQUIRE(run.latencies_ns.size() == load.schedule.size());
  CHECK(run.lateness_ns.size() == load.schedule.size());
  CHECK(std::count(run.latencies_ns.begin(), run.latencies_ns.end(), 0) == 0);
  CHECK(run.wrong_results == 0);
  REQUIRE(run.tiers.size() == 2);
  CHECK(run.tiers[1].first == 1);
  CHECK(run.open_workers_at_start == 1);
  CHECK_FALSE(run.trace);
  REQUIRE_FALSE(run.samples.empty());
  CHECK(run.samples.back().second >= load.profile.seconds());
  double last = -1;
  for (const Sample& sample : run.samples) {
    CHECK(sample.second > last);
    last = sample.second;
    REQUIRE(sample.busy.size() == 2);
    for (const double share : sample.busy) CHECK((share >= 0 && share <= 1));
    CHECK((sample.open_workers == 1 || sample.open_workers == 2));
  }
}

TEST_CASE("a run that is traced has the changes of its tiers in the trace") {
  RunPlan plan = tiers_of_two();
  plan.is_traced = true;
  const LoadProfile profile(0.3, 0.1, 4);
  const Load load{profile, 1000, make_schedule(profile, 1000, 1), Work(300'000)};
  const RunRecord run = run_load(load, plan, {}, [](const Moment&) {});
  REQUIRE(run.trace);
  REQUIRE_FALSE(run.steps.empty());
  REQUIRE_FALSE(run.trace->events.empty());
  const auto* first = std::get_if<weft::TierChange>(&run.trace->events.front());
  REQUIRE(first != nullptr);
  CHECK(first->open_after == run.steps.front().open_after);
  CHECK(run.trace->at_end.tiers.size() == 2);
}

TEST_CASE("a run that is stopped leaves jobs undone") {
  std::stop_source stop;
  stop.request_stop();
  const RunRecord run =
      run_load(short_load(), tiers_of_two(), stop.get_token(), [](const Moment&) {});
  CHECK(std::count(run.latencies_ns.begin(), run.latencies_ns.end(), 0) > 0);
}

TEST_CASE("two runs make a table and a chart with both names") {
  const Load load = short_load();
  Outcome outcome;
  outcome.tiered = run_load(load, tiers_of_two(), {}, [](const Moment&) {});
  RunPlan all = tiers_of_two();
  all.name = "all open";
  all.options.pinning = weft::PinningStrategy::AvoidSMT;
  outcome.all_open = run_load(load, all, {}, [](const Moment&) {});
  REQUIRE(outcome.all_open.tiers.size() == 1);
  CHECK(outcome.all_open.open_workers_at_start == 2);
  const std::string table = describe_outcome(load, outcome);
  CHECK_THAT(table, Contains("all open") && Contains("tiered") && Contains("CPU-seconds"));
  CHECK_THAT(table, Contains("quiet") && Contains("peak"));
  const Chart chart = chart_of(load, 2, outcome, "a remark");
  REQUIRE(chart.panels.size() == 4);
  for (const Panel& panel : chart.panels) {
    CHECK(panel.ticks.size() >= 2);
    CHECK(panel.ticks.size() == panel.tick_labels.size());
    CHECK(panel.series.size() >= 2);
  }
  CHECK_THAT(draw_svg(chart), Contains("a remark") && Contains("</svg>"));
}
