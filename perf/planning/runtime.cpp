/// @file
/// make_runtime_1024: a Runtime for 1024 processors, as seen from a machine that has fewer. No worker has a thread yet, and each finds out from
/// whom it steals when it gets one.
#include <weft/weft.hpp>

#include <chrono>
#include <optional>

#include "planning/large_machine.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace planning {
namespace {

using weft::PinningStrategy;

bool add_runtime(PinningStrategy strategy) {
  perf::add_timed_case("make_runtime_1024", weft::name_of(strategy), 1, [strategy](benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    for (auto _ : state) {
      weft::RuntimeOptions options;
      options.workers = kPus;
      options.pinning = strategy;
      options.topology = large_machine();
      const auto begin = Clock::now();
      std::optional<weft::Runtime> runtime(std::in_place, std::move(options));
      state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
      perf::verify(runtime->worker_count() == kPus, "workers of the runtime");
    }
  })->Iterations(perf::size(50, 1));
  return true;
}

[[maybe_unused]] const bool added =
    add_runtime(PinningStrategy::None) && add_runtime(PinningStrategy::Linear) && add_runtime(PinningStrategy::TieredSpillover);

}  // namespace
}  // namespace planning
