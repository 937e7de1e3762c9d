// Plans for machines that are written down. lib/topo/README.md has the strategies in words.
#include <catch2/catch.hpp>
#include <weft/topo/pinning.hpp>

#include <algorithm>
#include <string>
#include <vector>

using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Topology;

namespace {

constexpr PinningStrategy kBinding[] = {PinningStrategy::Linear, PinningStrategy::AvoidSMT, PinningStrategy::CCDIsolation,
                                        PinningStrategy::TieredSpillover};

/// The processors of the workers in turn, as the kernel counts them.
std::string processors(const Topology& machine, PinningStrategy strategy, unsigned workers) {
  std::string text;
  for (const unsigned pu : weft::plan_pinning(machine, strategy, workers).pus) text += std::to_string(machine.pus[pu].os_index) + " ";
  return text;
}

std::string tiers(const Topology& machine, unsigned workers) {
  return weft::plan_pinning(machine, PinningStrategy::TieredSpillover, workers).describe(machine);
}

std::string rings(const Topology& machine, unsigned worker) {
  const PinningPlan plan = weft::plan_pinning(machine, PinningStrategy::TieredSpillover, machine.allowed_pus());
  std::string text;
  for (const auto& ring : weft::steal_rings(machine, plan, worker)) {
    for (const unsigned other : ring) text += std::to_string(other) + " ";
    text += "| ";
  }
  return text;
}

}  // namespace

TEST_CASE("two chiplets, siblings numbered apart") {
  const Topology machine = Topology::parse("package:1 node:1 l3:2:32M core:3 pu:2 apart");
  CHECK(processors(machine, PinningStrategy::Linear, 12) == "0 1 2 3 4 5 6 7 8 9 10 11 ");
  CHECK(processors(machine, PinningStrategy::AvoidSMT, 12) == "0 1 2 3 4 5 6 7 8 9 10 11 ");
  CHECK(processors(machine, PinningStrategy::CCDIsolation, 12) == "0 1 2 6 7 8 3 4 5 9 10 11 ");
  CHECK(tiers(machine, 12) ==
        "tier 0: workers 0-2 on processors 0-2 (home L3 domain)\n"
        "tier 1: workers 3-5 on processors 3-5 (other L3 domains of the node)\n"
        "tier 2: workers 6-11 on processors 6-11 (SMT siblings)\n");
  CHECK(rings(machine, 0) == "6 | 1 2 7 8 | 3 4 5 9 10 11 | ");
}

TEST_CASE("two chiplets, siblings numbered next to each other") {
  const Topology machine = Topology::parse("package:1 node:1 l3:2:32M core:3 pu:2");
  CHECK(processors(machine, PinningStrategy::Linear, 6) == "0 1 2 3 4 5 ");
  CHECK(processors(machine, PinningStrategy::AvoidSMT, 12) == "0 2 4 6 8 10 1 3 5 7 9 11 ");
  CHECK(processors(machine, PinningStrategy::CCDIsolation, 8) == "0 2 4 1 3 5 6 8 ");
  CHECK(tiers(machine, 8) ==
        "tier 0: workers 0-2 on processors 0-4:2 (home L3 domain)\n"
        "tier 1: workers 3-5 on processors 6-10:2 (other L3 domains of the node)\n"
        "tier 2: workers 6-7 on processors 1,3 (SMT siblings)\n");
}

TEST_CASE("other nodes are spilled to by their distance from home") {
  const Topology machine = Topology::parse(
      "node:4 l3:1 core:2 pu:1\n"
      "distances 0 10 32 21 21\ndistances 1 32 10 21 21\ndistances 2 21 21 10 32\ndistances 3 21 21 32 10\n");
  CHECK(tiers(machine, 8) ==
        "tier 0: workers 0-1 on processors 0-1 (home L3 domain)\n"
        "tier 1: workers 2-7 on processors 4-7,2-3 (other NUMA nodes)\n");
  CHECK(rings(machine, 0) == "1 | 2 3 4 5 | 6 7 | ");
  CHECK(processors(machine, PinningStrategy::CCDIsolation, 8) == "0 1 4 5 6 7 2 3 ");
}

TEST_CASE("performance cores go before efficiency cores, and these before siblings") {
  const Topology machine = Topology::parse("l3 24M\ncores 8-11 efficiency\ncores 0,2,4,6 1,3,5,7\n");
  CHECK(processors(machine, PinningStrategy::AvoidSMT, 12) == "0 2 4 6 8 9 10 11 1 3 5 7 ");
  CHECK(tiers(machine, 12) ==
        "tier 0: workers 0-7 on processors 0-8:2,9-11 (home L3 domain)\n"
        "tier 1: workers 8-11 on processors 1-7:2 (SMT siblings)\n");
  CHECK(processors(Topology::parse("cores 0-1 clock 1\ncores 2-3"), PinningStrategy::TieredSpillover, 4) == "2 3 0 1 ");
}

TEST_CASE("a cpuset that cuts a core in half leaves a core with one processor") {
  const Topology machine = Topology::parse("l3:2 core:2 pu:2\nallowed 1,4-7\n");
  CHECK(processors(machine, PinningStrategy::Linear, 5) == "1 4 5 6 7 ");
  CHECK(processors(machine, PinningStrategy::AvoidSMT, 5) == "1 4 6 5 7 ");
  CHECK(tiers(machine, 5) ==
        "tier 0: workers 0-1 on processors 4,6 (home L3 domain)\n"
        "tier 1: workers 2 on processors 1 (other L3 domains of the node)\n"
        "tier 2: workers 3-4 on processors 5,7 (SMT siblings)\n");
}

TEST_CASE("workers that are too many begin again at the first processor") {
  const Topology machine = Topology::parse("core:2 pu:1");
  CHECK(processors(machine, PinningStrategy::Linear, 5) == "0 1 0 1 0 ");
  CHECK(tiers(machine, 5) ==
        "tier 0: workers 0-1 on processors 0-1 (home L3 domain)\n"
        "tier 1: workers 2-4 on processors 0-1,0 (more workers than processors)\n");
  const PinningPlan none = weft::plan_pinning(machine, PinningStrategy::None, 5);
  CHECK(none.pus.empty());
  CHECK(none.describe(machine) == "tier 0: workers 0-4 (all workers, wherever the kernel puts them)\n");
}

TEST_CASE("each allowed processor has one worker, whatever the machine and the strategy") {
  for (const char* const description :
       {"package:1", "package:1 core:4 pu:2", "package:2 node:4 l3:3 core:8 pu:2 apart", "package:8 node:2 core:32 pu:2", "core:3 pu:8",
        "package 0\nl3 30M\nnode 0\ncores 0-3\nnode 1\ncores 4-7\n", "node 1 memory 64G\nnode 0\ncores 3,1,2\nallowed 1\n"}) {
    const Topology machine = Topology::parse(description);
    for (const PinningStrategy strategy : kBinding) {
      INFO(description << " " << weft::name_of(strategy));
      PinningPlan plan = weft::plan_pinning(machine, strategy, machine.allowed_pus());
      unsigned in_tiers = 0;
      for (const PinningPlan::Tier& tier : plan.tiers) {
        CHECK(tier.first == in_tiers);
        in_tiers += tier.count;
      }
      CHECK(in_tiers == plan.workers);
      REQUIRE(plan.pus.size() == machine.allowed_pus());
      std::sort(plan.pus.begin(), plan.pus.end());
      CHECK(std::adjacent_find(plan.pus.begin(), plan.pus.end()) == plan.pus.end());
      CHECK(std::all_of(plan.pus.begin(), plan.pus.end(), [&](unsigned pu) { return machine.pus[pu].is_allowed; }));
    }
  }
}

TEST_CASE("each tier says of what kind it is, and its name is the one of its kind") {
  using enum weft::TierKind;
  const auto kinds_of = [](const char* text, PinningStrategy strategy, unsigned workers) {
    const Topology machine = Topology::parse(text);
    std::vector<weft::TierKind> kinds;
    for (const PinningPlan::Tier& tier : weft::plan_pinning(machine, strategy, workers).tiers) {
      kinds.push_back(tier.kind);
      CHECK(tier.name == weft::name_of(tier.kind));
    }
    return kinds;
  };
  using Kinds = std::vector<weft::TierKind>;
  const char* const kLarge = "node:2 l3:2 core:2 pu:2";
  CHECK(kinds_of(kLarge, PinningStrategy::TieredSpillover, 20) == Kinds{HomeDomain, SameNode, OtherNodes, Siblings, Surplus});
  CHECK(kinds_of(kLarge, PinningStrategy::TieredSpillover, 3) == Kinds{HomeDomain, SameNode});
  CHECK(kinds_of("core:2 pu:2", PinningStrategy::TieredSpillover, 4) == Kinds{HomeDomain, Siblings});
  CHECK(kinds_of("node:2 core:2", PinningStrategy::TieredSpillover, 4) == Kinds{HomeDomain, OtherNodes});
  for (const PinningStrategy strategy : {PinningStrategy::Linear, PinningStrategy::AvoidSMT, PinningStrategy::CCDIsolation}) {
    CHECK(kinds_of(kLarge, strategy, 20) == Kinds{All});
  }
  CHECK(weft::plan_pinning({}, PinningStrategy::None, 2).tiers[0].kind == All);
}
