// What TierPolicy promises, on random machines under random loads. A failure is repeated with --seed.
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "sched/tier_policy.hpp"
#include "simulated_tiers.hpp"
#include "support/seeded_random.hpp"
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

using namespace std::chrono_literals;
using weft::TierChange;
using weft::TierOptions;
using weft_test::SeededRandom;
using weft_test::SimulatedTiers;
using Time = SimulatedTiers::Time;

namespace {

unsigned draw(SeededRandom& random, unsigned least, unsigned most) { return least + static_cast<unsigned>(random.below(most - least + 1)); }

Time draw_time(SeededRandom& random, unsigned least_us, unsigned most_us) { return Time(draw(random, least_us, most_us)); }

/// The tiers of a machine of 1 to 96 processors, of which some or all have a worker.
std::vector<unsigned> random_tiers(SeededRandom& random) {
  std::ostringstream description;
  description << "package:" << draw(random, 1, 2) << " node:" << draw(random, 1, 2) << " l3:" << draw(random, 1, 3) << " core:" << draw(random, 1, 4)
              << " pu:" << draw(random, 1, 2);
  const weft::Topology machine = weft::Topology::parse(description.str());
  const unsigned workers = random.one_in(2) ? machine.allowed_pus() : draw(random, 1, machine.allowed_pus());
  std::vector<unsigned> sizes;
  for (const auto& tier : weft::plan_pinning(machine, weft::PinningStrategy::TieredSpillover, workers).tiers) sizes.push_back(tier.count);
  return sizes;
}

TierOptions random_options(SeededRandom& random, std::size_t tiers) {
  TierOptions options;
  if (random.one_in(2)) return options;
  options.threshold = 0.01 * draw(random, 20, 100);
  options.lower_threshold = options.threshold * 0.01 * draw(random, 10, 95);
  options.spill_delay = draw_time(random, 0, 5000);
  options.hysteresis = draw_time(random, 2000, 80000);
  for (unsigned tier = 1; tier < tiers; ++tier) {
    if (random.one_in(2)) continue;
    const Time spill_delay = draw_time(random, 0, 30000);
    options.overrides.push_back({.tier = tier, .threshold = 1.0, .spill_delay = spill_delay, .hysteresis = draw_time(random, 2000, 80000)});
  }
  weft::validate(options);
  return options;
}

std::string described(const std::vector<unsigned>& sizes, const TierOptions& options) {
  std::ostringstream text;
  text << "tiers:";
  for (const unsigned size : sizes) text << " " << size;
  text << ", thresholds " << options.lower_threshold << " " << options.threshold << ", spill delay " << options.spill_delay.count()
       << " ns, hysteresis " << options.hysteresis.count() << " ns, " << options.overrides.size() << " overrides";
  return text.str();
}

/// Levels, bursts and pauses of random length, one after the other.
void run_random_load(SimulatedTiers& tiers, SeededRandom& random, Time end) {
  while (tiers.now() < end) {
    const Time phase_end = std::min(end, tiers.now() + draw_time(random, 1000, 150'000));
    const Time duration = random.one_in(2) ? draw_time(random, 250, 3000) : draw_time(random, 3000, 40'000);
    const unsigned level = draw(random, 0, tiers.workers() + tiers.workers() / 2);
    switch (random.below(4)) {
      case 0: tiers.run_until(phase_end, [] {}); break;
      case 1:
        tiers.add_jobs(level, duration);
        tiers.run_until(phase_end, [] {});
        break;
      case 2: tiers.run_until(phase_end, [&] { tiers.keep_jobs(level, duration); }); break;
      default:
        tiers.run_until(phase_end, [&] {
          if (random.one_in(16)) tiers.add_jobs(draw(random, 0, level / 2), duration);
        });
    }
  }
}

std::chrono::nanoseconds hysteresis_of(const TierOptions& options, unsigned tier) {
  for (const weft::TierOverride& other : options.overrides) {
    if (other.tier == tier) return other.hysteresis.value_or(options.hysteresis);
  }
  return options.hysteresis;
}

/// Whether a constant load of so many jobs leaves so many tiers open. What lies just at a limit may be on either side.
bool is_at_rest(const std::vector<unsigned>& sizes, unsigned open, unsigned jobs) {
  unsigned stay = 0;
  for (unsigned tier = 0; tier + 1 < open; ++tier) stay += sizes[tier];
  const unsigned workers = stay + sizes[open - 1];
  const bool opens = open < sizes.size() && jobs > 0.8 * workers;
  const bool closes = open > 1 && jobs < 0.6 * stay;
  return !opens && !closes;
}

}  // namespace

TEST_CASE("on random machines under random loads tiers change in order and at their pace, and no job starves") {
  SeededRandom random(1);
  for (int round = 0; round < 200; ++round) {
    const std::vector<unsigned> sizes = random_tiers(random);
    const TierOptions options = random_options(random, sizes.size());
    SimulatedTiers tiers(sizes, options);
    if (random.one_in(2)) tiers.sample_each(3000us, [&] { return draw_time(random, 1, 12) * 250; });
    run_random_load(tiers, random, 1500ms);
    INFO("round " << round << ", " << described(sizes, options) << "\n" << tiers.text());
    unsigned open = 1;
    const TierChange* last = nullptr;
    for (const TierChange& change : tiers.changes()) {
      REQUIRE(change.open_before == open);
      REQUIRE(change.open_after >= 1);
      REQUIRE(change.open_after <= sizes.size());
      // Several may open at once, and one closes.
      REQUIRE((change.open_after > open || change.open_after + 1 == open));
      for (unsigned tier = std::min(open, change.open_after); tier < std::max(open, change.open_after); ++tier) {
        if (last != nullptr) REQUIRE(change.time - last->time >= hysteresis_of(options, tier));
      }
      open = change.open_after;
      last = &change;
    }
    REQUIRE(tiers.policy().open() == open);
    REQUIRE(tiers.starved() == 0);
  }
}

TEST_CASE("under a constant load, whatever was before, the tiers settle and change no more") {
  SeededRandom random(2);
  for (int round = 0; round < 200; ++round) {
    const std::vector<unsigned> sizes = random_tiers(random);
    SimulatedTiers tiers(sizes);
    if (random.one_in(2)) run_random_load(tiers, random, 400ms);
    const unsigned jobs = draw(random, 0, tiers.workers() + 3);
    const Time duration = draw_time(random, 1, 40) * 250;
    const auto load = [&] { tiers.keep_jobs(jobs, duration); };
    // At a limit the average comes no further than rounding takes it, in 40 tau at most; then a window. And what random loads left has to be done.
    tiers.run_until(2500ms, load);
    const std::size_t changes = tiers.changes().size();
    tiers.run_until(3500ms, load);
    INFO("round " << round << ", " << described(sizes, {}) << ", " << jobs << " jobs\n" << tiers.text());
    REQUIRE(tiers.changes().size() == changes);
    REQUIRE(is_at_rest(sizes, tiers.policy().open(), jobs));
    if (jobs >= tiers.workers()) REQUIRE(tiers.policy().open() == sizes.size());
    if (jobs < 0.6 * sizes[0]) REQUIRE(tiers.policy().open() == 1);
  }
}

TEST_CASE("a constant load from the beginning opens tiers and closes none") {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    const std::vector<unsigned> sizes = random_tiers(random);
    SimulatedTiers tiers(sizes);
    const unsigned jobs = draw(random, 0, tiers.workers() + 3);
    tiers.run_until(1000ms, [&] { tiers.keep_jobs(jobs, 1ms); });
    INFO("round " << round << ", " << described(sizes, {}) << ", " << jobs << " jobs\n" << tiers.text());
    for (const TierChange& change : tiers.changes()) REQUIRE(change.reason != weft::TierReason::LowLoad);
  }
}
