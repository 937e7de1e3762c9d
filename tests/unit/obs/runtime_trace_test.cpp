// Traces of a runtime whose tiers open and close.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <latch>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using weft::Counter;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::TierChange;
using weft::Trace;

namespace {

RuntimeOptions options(std::chrono::nanoseconds hysteresis) {
  return {.workers = 4,
          .pinning = weft::PinningStrategy::TieredSpillover,
          .tiers = {.hysteresis = hysteresis},
          .topology = weft::Topology::parse("l3:2 core:1 pu:2"),
          .name = "traced",
          .report_blocking_after = {}};
}

/// All workers have to run at once: so all tiers open.
void open_all_tiers(Runtime& rt) {
  const unsigned count = rt.worker_count();
  std::latch all_inside(count);
  Counter jobs;
  for (unsigned i = 0; i < count; ++i) rt.spawn([&] { all_inside.arrive_and_wait(); }, jobs);
  jobs.wait();
}

void wait_until_closed(const Runtime& rt) {
  while (rt.stats().tiers[1].is_open) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a trace of a runtime has what the hook is told, from when it is switched on until it is switched off") {
  std::mutex mutex;
  std::vector<TierChange> told;
  RuntimeOptions with_hook = options(5ms);
  with_hook.on_tier_change = [&](const TierChange& change) {
    const std::lock_guard lock(mutex);
    told.push_back(change);
  };
  Trace trace;
  {
    Runtime rt{with_hook};
    open_all_tiers(rt);
    wait_until_closed(rt);
    // The watcher closes a tier first and tells it then: once it has told the next change it has told that one.
    rt.start_trace();
    for (int round = 0; round < 3; ++round) {
      open_all_tiers(rt);
      wait_until_closed(rt);
    }
    open_all_tiers(rt);
    trace = rt.stop_trace();
    wait_until_closed(rt);
  }
  CHECK(trace.name == "traced");
  CHECK(trace.workers == 4);
  CHECK(trace.at_end.tiers.size() == 3);
  CHECK(trace.lost == 0);
  CHECK(trace.began < trace.ended);
  CHECK(trace.events.size() >= 8);
  std::vector<TierChange> traced;
  for (const weft::TraceEvent& event : trace.events) {
    if (const auto* change = std::get_if<TierChange>(&event)) traced.push_back(*change);
  }
  const std::lock_guard lock(mutex);
  const auto first = std::find(told.begin(), told.end(), traced.at(0));
  CHECK(first != told.begin());
  REQUIRE(told.end() - first >= static_cast<std::ptrdiff_t>(traced.size()));
  CHECK(std::vector<TierChange>(first, first + static_cast<std::ptrdiff_t>(traced.size())) == traced);
  CHECK(first + static_cast<std::ptrdiff_t>(traced.size()) != told.end());
}

TEST_CASE("a runtime without tiers can be traced, and nothing is in the trace") {
  Runtime rt{{.workers = 2}};
  rt.start_trace();
  CHECK_THROWS_AS(rt.start_trace(), weft::UsageError);
  rt.run([] {});
  const Trace trace = rt.stop_trace();
  CHECK(trace.events.empty());
  CHECK(trace.workers == 2);
  CHECK(trace.at_end.worker_limit == 2);
  CHECK_THROWS_AS(rt.stop_trace(), weft::UsageError);
}

TEST_CASE("a runtime that ends while it is traced ends as ever") {
  Runtime rt{options(5ms)};
  rt.start_trace();
  open_all_tiers(rt);
}
