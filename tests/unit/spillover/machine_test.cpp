#include <catch2/catch.hpp>

#include "machine.hpp"
#include "program/input_error.hpp"

using namespace spillover;
using Catch::Matchers::Contains;
using weft::PinningStrategy;
using weft::Topology;

TEST_CASE("cores that are all alike are split in two tiers") {
  for (const unsigned cores : {2U, 3U, 8U}) {
    const Topology machine = with_tiers(Topology::parse("core:" + std::to_string(cores)));
    const auto plan = weft::plan_pinning(machine, PinningStrategy::TieredSpillover, cores);
    REQUIRE(plan.tiers.size() == 2);
    CHECK(plan.tiers[0].count == (cores + 1) / 2);
    CHECK(machine.allowed_pus() == cores);
  }
}

TEST_CASE("a machine that has tiers, or one core only, stays as it is") {
  for (const char* text : {"l3:2 core:2", "core:4 pu:2", "core:1"}) {
    const Topology machine = Topology::parse(text);
    CHECK(with_tiers(machine) == machine);
  }
}

TEST_CASE("the plan is for the machine that is described, with a worker for each processor") {
  const Machine machine = choose_machine("node:2 l3:2 core:2 pu:2", 0);
  CHECK(machine.workers == 16);
  CHECK(machine.topology.allowed_pus() == 16);
  CHECK(machine.processors > 0);
  CHECK_THAT(machine.remark, Contains("--synthetic"));
  CHECK(choose_machine("core:4", 3).workers == 3);
  CHECK_THAT(choose_machine("core:4", 0).remark, Contains("one tier"));
}

TEST_CASE("a machine that cannot be is a sentence about the option") {
  CHECK_THROWS_AS(choose_machine("core:many", 0), program::InputError);
  CHECK_THROWS_WITH(choose_machine("core:many", 0), Contains("--synthetic: ") && !Contains("weft"));
}
