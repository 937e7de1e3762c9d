#include "machine.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "program/input_error.hpp"

namespace spillover {
namespace {

using weft::PinningStrategy;
using weft::Topology;

constexpr unsigned kMostWorkers = 4096;

Topology parsed(const std::string& description) {
  try {
    return Topology::parse(description);
  } catch (const weft::UsageError& error) {
    std::string_view words = error.what();
    constexpr std::string_view kBeginning = "weft: ";
    if (words.starts_with(kBeginning)) words.remove_prefix(kBeginning.size());
    throw program::InputError("--synthetic", std::string(words));
  }
}

unsigned default_workers(const Topology& machine) {
  const unsigned allowed = machine.allowed_pus();
  if (machine.quota <= 0) return allowed;
  return std::clamp(static_cast<unsigned>(machine.quota), 1U, allowed);
}

bool has_tiers(const Topology& machine, unsigned workers) {
  return weft::plan_pinning(machine, PinningStrategy::TieredSpillover, workers).tiers.size() > 1;
}

/// How many processors' worth of time the workers can have.
double processors_for(unsigned workers, const Topology& real) {
  double most = real.allowed_pus();
  if (real.quota > 0) most = std::min(most, real.quota);
  return std::min<double>(most, workers);
}

}  // namespace

Topology with_tiers(const Topology& machine) {
  const unsigned cores = machine.allowed_pus();
  if (cores < 2 || has_tiers(machine, cores)) return machine;
  // The first domain is the larger one, and so the home of the work.
  const unsigned first = (cores + 1) / 2;
  std::ostringstream text;
  text << "l3\ncores 0-" << first - 1 << "\nl3\ncores " << first << '-' << cores - 1 << '\n';
  if (machine.quota > 0) text << "quota " << machine.quota << '\n';
  return Topology::parse(text.str());
}

Machine choose_machine(const std::string& description, unsigned workers) {
  const Topology real = Topology::detect();
  Machine machine;
  if (description.empty()) {
    machine.topology = with_tiers(real);
    if (!(machine.topology == real)) {
      machine.remark =
          "The cores of this machine are all alike and would be one tier, so the plan is for one "
          "whose cores are in two L3 domains.";
    }
  } else {
    machine.topology = parsed(description);
    machine.remark =
        "The plan is for the machine of --synthetic, whose processors are mapped to "
        "those of this one.";
  }
  if (machine.topology.allowed_pus() == 0) {
    throw program::InputError("--synthetic", "no processor of this machine may be used");
  }
  if (workers == 0) workers = default_workers(machine.topology);
  if (workers > kMostWorkers) {
    throw program::InputError("--synthetic", "it has more than 4096 processors");
  }
  machine.workers = workers;
  machine.processors = processors_for(workers, real);
  if (!has_tiers(machine.topology, workers)) {
    machine.remark = "All workers are in one tier, which is always open: the two runs are alike.";
  }
  return machine;
}

}  // namespace spillover
