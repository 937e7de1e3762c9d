/// @file
/// policy_step: TierPolicy::step(), with samples of a load that opens and closes tiers all the time; the contenders are numbers of tiers.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sched/tier_policy.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace planning {
namespace {

using weft::TierPolicy;
using weft::TierSample;

constexpr std::size_t kSteps = 1000;
constexpr unsigned kWorkersOfTier = 8;

/// A sample each 10 ms, of a load that stays for fifty.
std::vector<TierSample> samples(unsigned tiers) {
  std::mt19937_64 random(1);
  std::vector<TierSample> all;
  unsigned most = 0;
  for (std::size_t i = 0; i < kSteps; ++i) {
    if (i % 50 == 0) most = static_cast<unsigned>(random() % (kWorkersOfTier * tiers + 1));
    const bool has_waiting = most > kWorkersOfTier && random() % 4 == 0;
    all.push_back({static_cast<std::int64_t>(i + 1) * 10'000'000, static_cast<double>(most) * 0.9, has_waiting ? most : 0, !has_waiting});
  }
  return all;
}

bool add_steps(unsigned tiers) {
  perf::add_timed_case("policy_step", "tiers-" + std::to_string(tiers), 1, [tiers](benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    const std::vector<TierSample> all = samples(tiers);
    const TierPolicy fresh(std::vector<unsigned>(tiers, kWorkersOfTier), weft::TierOptions());
    for (auto _ : state) {
      TierPolicy policy = fresh;
      std::size_t opened = 0, closed = 0;
      const auto begin = Clock::now();
      for (const TierSample& sample : all) {
        if (const auto change = policy.step(sample)) ++(change->open_after > change->open_before ? opened : closed);
      }
      const std::chrono::duration<double> took = Clock::now() - begin;
      state.SetIterationTime(took.count() / kSteps);
      perf::verify(opened != 0 && closed != 0, "tiers open and close");
      state.counters["changes"] = static_cast<double>(opened + closed);
    }
  })->Iterations(perf::size(1000, 2));
  return true;
}

[[maybe_unused]] const bool added = add_steps(2) && add_steps(4) && add_steps(32);

}  // namespace
}  // namespace planning
