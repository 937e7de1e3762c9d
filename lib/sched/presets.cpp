#include <algorithm>
#include <chrono>
#include <set>

#include <weft/sched/runtime_options.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

namespace {

using namespace std::chrono_literals;

/// So many processors' worth of time there is.
unsigned most_workers(const Topology& machine) {
  CpuLimits limits;
  limits.in_affinity_mask = machine.allowed_pus();
  limits.quota = machine.quota;
  return limits.workers();
}

unsigned allowed_cores(const Topology& machine) {
  std::set<unsigned> cores;
  for (const Topology::Pu& pu : machine.pus) {
    if (pu.is_allowed) cores.insert(pu.core);
  }
  return static_cast<unsigned>(cores.size());
}

/// Of the L3 domain in which plans begin.
unsigned cores_at_home(const Topology& machine) {
  return plan_pinning(machine, PinningStrategy::TieredSpillover, machine.allowed_pus()).tiers.front().count;
}

RuntimeOptions bound(const Topology& machine, PinningStrategy strategy, unsigned workers) {
  RuntimeOptions options;
  options.workers = workers;
  options.pinning = strategy;
  options.topology = machine;
  return options;
}

}  // namespace

RuntimeOptions RuntimeOptions::gaming(const Topology& machine) {
  machine.check();
  RuntimeOptions options = bound(machine, PinningStrategy::AvoidSMT, std::min(allowed_cores(machine), most_workers(machine)));
  options.pinning_best_effort = true;
  options.prefault_fiber_stacks = true;
  return options;
}

RuntimeOptions RuntimeOptions::throughput() { return {}; }

RuntimeOptions RuntimeOptions::data_processing(const Topology& machine) {
  machine.check();
  RuntimeOptions options = bound(machine, PinningStrategy::TieredSpillover, most_workers(machine));
  options.pinning_best_effort = true;
  options.tiers.hysteresis = 200ms;
  return options;
}

RuntimeOptions RuntimeOptions::low_latency(const Topology& machine) {
  machine.check();
  RuntimeOptions options = bound(machine, PinningStrategy::CCDIsolation, std::min(cores_at_home(machine), most_workers(machine)));
  options.prefault_fiber_stacks = true;
  options.report_blocking_after = 10ms;
  return options;
}

RuntimeOptions RuntimeOptions::strict_topology(const Topology& machine) {
  machine.check();
  return bound(machine, PinningStrategy::Linear, machine.allowed_pus());
}

}  // namespace weft::inline v0
