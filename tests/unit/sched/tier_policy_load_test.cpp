// What TierPolicy makes of loads that programs have: when tiers open and close, to the millisecond.
#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "simulated_tiers.hpp"

using namespace std::chrono_literals;
using weft_test::SimulatedTiers;

namespace {

/// Four cores that share a cache, four others, and the eight siblings.
SimulatedTiers sixteen_workers() { return SimulatedTiers({4, 4, 8}); }

}  // namespace

TEST_CASE("step: six jobs at a time from 10 ms to 200 ms") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(10ms, [] {});
  tiers.run_until(200ms, [&] { tiers.keep_jobs(6, 5ms); });
  tiers.run_until(1000ms, [] {});
  // Two wait at 10 and at 11 ms. From 200 ms on, the average goes from 6 to 2.4 in six samples.
  CHECK(tiers.text() ==
        "11 ms: 2 tiers, work waited\n"
        "256 ms: 1 tiers, idle\n");
  CHECK(tiers.starved() == 0);
}

TEST_CASE("ramp: one job more each 20 ms, up to sixteen, and down again") {
  SimulatedTiers tiers = sixteen_workers();
  const auto level = [&] {
    const auto steps = static_cast<unsigned>(tiers.now() / 20ms);
    return steps <= 16 ? steps : steps <= 32 ? 32 - steps : 0;
  };
  tiers.run_until(1000ms, [&] { tiers.keep_jobs(level(), 2ms); });
  CHECK(tiers.text() ==
        "83 ms: 2 tiers, utilisation\n"   // the average passes 3.2 soon after the fourth job came at 80 ms
        "144 ms: 3 tiers, utilisation\n"  // and 6.4 after the seventh
        "612 ms: 2 tiers, idle\n"         // it is below 4.8 soon after 560 ms, when four jobs are left
        "662 ms: 1 tiers, idle\n");
  CHECK(tiers.starved() == 0);
}

TEST_CASE("burst: eighty jobs of 2 ms at once") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(10ms, [] {});
  tiers.add_jobs(80, 2ms);
  tiers.run_until(1000ms, [] {});
  CHECK(tiers.text() ==
        "11 ms: 3 tiers, work waited\n"
        "77 ms: 2 tiers, idle\n"  // sixteen workers are through at 21 ms, and the average below 4.8 six samples later
        "127 ms: 1 tiers, idle\n");
  CHECK(tiers.starved() == 0);
}

TEST_CASE("sawtooth: from none to sixteen jobs in 100 ms, and none again, three times") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(300ms, [&] { tiers.keep_jobs(static_cast<unsigned>(tiers.now() % 100ms * 16 / 100ms), 1ms); });
  tiers.run_until(1000ms, [] {});
  // Between two teeth the load is low for 30 ms, and nothing closes.
  CHECK(tiers.text() ==
        "30 ms: 2 tiers, utilisation\n"
        "80 ms: 3 tiers, work waited\n"  // some wait from 56 ms on, but a change has just been
        "357 ms: 2 tiers, idle\n"
        "407 ms: 1 tiers, idle\n");
  CHECK(tiers.starved() == 0);
}

TEST_CASE("one long job stays in the first tier") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.add_jobs(1, 1000ms);
  tiers.run_until(2000ms, [] {});
  CHECK(tiers.changes().empty());
}

TEST_CASE("one long job on a first tier of one worker opens the second, which is there for the next") {
  SimulatedTiers tiers({1, 1, 2});
  tiers.add_jobs(1, 500ms);
  tiers.run_until(1000ms, [] {});
  CHECK(tiers.text() ==
        "10 ms: 2 tiers, utilisation\n"
        "553 ms: 1 tiers, idle\n");
}

TEST_CASE("flood: more short jobs than all workers can do, for half a second") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(500ms, [&] { tiers.keep_jobs(200, 250us); });
  tiers.run_until(1000ms, [] {});
  CHECK(tiers.text() ==
        "1 ms: 3 tiers, work waited\n"
        "560 ms: 2 tiers, idle\n"
        "610 ms: 1 tiers, idle\n");
  CHECK(tiers.starved() == 0);
}

TEST_CASE("bursts with pauses of half a hysteresis keep their tiers") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(1000ms, [&] {
    if (tiers.now() % 35ms == 0ms) tiers.keep_jobs(80, 2ms);
  });
  CHECK(tiers.text() == "1 ms: 3 tiers, work waited\n");
}

TEST_CASE("a load that comes and goes more slowly than the hysteresis is followed") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(800ms, [&] {
    if (tiers.now() % 400ms < 100ms) tiers.keep_jobs(6, 5ms);
  });
  CHECK(tiers.text() ==
        "1 ms: 2 tiers, work waited\n"
        "156 ms: 1 tiers, idle\n"
        "401 ms: 2 tiers, work waited\n"
        "556 ms: 1 tiers, idle\n");
}

// The load of this case is 30 % of the first tier on average, and the average is what closes; but each burst is more than the tier can do at once, so
// that some jobs wait for the spill delay, which is what opens. Nothing is lost but the change each hysteresis.
TEST_CASE("short bursts of more jobs than the first tier has workers open and close the second for ever, at the pace of the hysteresis") {
  SimulatedTiers tiers = sixteen_workers();
  tiers.run_until(300ms, [&] {
    if (tiers.now() % 10ms == 0ms) tiers.keep_jobs(6, 2ms);
  });
  CHECK(tiers.text() ==
        "1 ms: 2 tiers, work waited\n"
        "51 ms: 1 tiers, idle\n"
        "101 ms: 2 tiers, work waited\n"
        "151 ms: 1 tiers, idle\n"
        "201 ms: 2 tiers, work waited\n"
        "251 ms: 1 tiers, idle\n");
}
