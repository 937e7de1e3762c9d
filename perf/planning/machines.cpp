/// @file
/// plan_1024: a plan for 1024 processors, by each strategy; check_1024: Topology::check(), which is in each plan; rings_1024: from whom each of the
/// 1024 workers steals, all of them together.
#include <weft/weft.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "planning/large_machine.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace planning {
namespace {

using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Topology;

void verify_plan(const PinningPlan& plan) {
  if (plan.strategy == PinningStrategy::None) return perf::verify(plan.pus.empty(), "plan of None");
  std::vector<unsigned> pus = plan.pus;
  std::sort(pus.begin(), pus.end());
  bool is_right = pus.size() == kPus;
  for (unsigned i = 0; is_right && i < kPus; ++i) is_right = pus[i] == i;
  perf::verify(is_right, "each processor has one worker");
}

bool add_plan(PinningStrategy strategy) {
  perf::add("plan_1024", weft::name_of(strategy), 1, [strategy](benchmark::State& state) {
    const Topology machine = large_machine();
    PinningPlan plan;
    for (auto _ : state) {
      plan = weft::plan_pinning(machine, strategy, kPus);
      benchmark::DoNotOptimize(plan);
    }
    verify_plan(plan);
  })->Unit(benchmark::kMicrosecond);
  return true;
}

void measure_rings(benchmark::State& state) {
  const Topology machine = large_machine();
  const PinningPlan plan = weft::plan_pinning(machine, PinningStrategy::TieredSpillover, kPus);
  std::size_t others = 0;
  for (auto _ : state) {
    others = 0;
    for (unsigned worker = 0; worker < kPus; ++worker) {
      for (const auto& ring : weft::steal_rings(machine, plan, worker)) others += ring.size();
    }
  }
  perf::verify(others == std::size_t{kPus} * (kPus - 1), "each worker has all others in its rings");
}

[[maybe_unused]] const bool added =
    add_plan(PinningStrategy::None) && add_plan(PinningStrategy::Linear) && add_plan(PinningStrategy::AvoidSMT) &&
    add_plan(PinningStrategy::CCDIsolation) && add_plan(PinningStrategy::TieredSpillover) &&
    perf::add("rings_1024", "weft", 1, measure_rings)->Unit(benchmark::kMicrosecond) != nullptr &&
    perf::add("check_1024", "weft", 1,
              [](benchmark::State& state) {
                const Topology machine = large_machine();
                for (auto _ : state) machine.check();
              })
            ->Unit(benchmark::kMicrosecond) != nullptr;

}  // namespace
}  // namespace planning
