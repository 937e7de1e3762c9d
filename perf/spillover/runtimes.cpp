#include "spillover/runtimes.hpp"

#include <algorithm>
#include <string>
#include <thread>

#include "support/bench.hpp"

namespace spillover {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1};

std::size_t tiers_of(const weft::Topology& topology) {
  return weft::plan_pinning(topology, weft::PinningStrategy::TieredSpillover, topology.allowed_pus()).tiers.size();
}

weft::Topology with_tiers(const weft::Topology& real) {
  const unsigned count = real.allowed_pus();
  if (count < 2 || tiers_of(real) > 1) return real;
  const std::string half = std::to_string(count / 2);
  return weft::Topology::parse("l3\ncores 0-" + std::to_string(count / 2 - 1) + "\nl3\ncores " + half + "-" + std::to_string(count - 1) + "\n");
}

}  // namespace

const weft::Topology& machine() {
  static const weft::Topology found = with_tiers(weft::Topology::detect());
  return found;
}

unsigned workers() { return machine().allowed_pus(); }

unsigned tiers() {
  static const auto count = static_cast<unsigned>(tiers_of(machine()));
  return count;
}

Runtime::Runtime(Contender contender, const weft::TierOptions& tiers) : runtime_(options_of(contender, tiers)) {}

weft::RuntimeOptions Runtime::options_of(Contender contender, const weft::TierOptions& tiers) {
  weft::RuntimeOptions options;
  options.workers = workers();
  options.pinning = contender == Contender::Tiered ? weft::PinningStrategy::TieredSpillover : weft::PinningStrategy::AvoidSMT;
  options.topology = machine();
  options.tiers = tiers;
  options.on_tier_change = [this](const weft::TierChange& change) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    changes_.push_back({change, now});
  };
  return options;
}

std::vector<Runtime::Change> Runtime::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

Runtime::Change Runtime::opened_all() const {
  const auto give_up = Clock::now() + std::chrono::seconds(10);
  for (;; std::this_thread::sleep_for(kLookAgain)) {
    const std::vector<Change> all = changes();
    const auto found = std::find_if(all.rbegin(), all.rend(), [](const Change& change) { return change.is.open_after == spillover::tiers(); });
    if (found != all.rend()) return *found;
    perf::verify(Clock::now() < give_up, "the last tier was not opened");
  }
}

void Runtime::wait_until_closed() const {
  const auto is_closed = [](const weft::TierStats& tier) { return !tier.is_open; };
  for (;; std::this_thread::sleep_for(kLookAgain)) {
    const std::vector<weft::TierStats> all = runtime_.stats().tiers;
    if (all.empty() || std::all_of(all.begin() + 1, all.end(), is_closed)) return;
  }
}

}  // namespace spillover
