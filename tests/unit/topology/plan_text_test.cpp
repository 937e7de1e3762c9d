// What samples/topology says of plans.
#include <catch2/catch.hpp>

#include "plan_text.hpp"

using namespace topology_sample;
using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Topology;

namespace {

PinningPlan planned(const Topology& machine, PinningStrategy strategy = PinningStrategy::TieredSpillover) {
  return weft::plan_pinning(machine, strategy, machine.allowed_pus());
}

}  // namespace

TEST_CASE("numbers that follow each other are a run, and of many runs the rest is counted") {
  CHECK(listed({}, 4).empty());
  CHECK(listed({7}, 4) == "7");
  CHECK(listed({0, 1, 3, 5, 6, 7}, 4) == "0-1,3,5-7");
  CHECK(listed({0, 2, 4, 6, 8}, 4) == "0,2,4,6 and 1 more");
  CHECK(listed({0, 1, 2}, 0) == " and 3 more");
}

TEST_CASE("each node that has workers is an arena, and those without are named") {
  const Topology machine = Topology::parse("node 3\nnode 0 memory 1G\nnode 3\ncores 0-1\nnode 8\ncores 2-3\nnode 9\ncores 4-5\nallowed 0-3\n");
  CHECK(describe_arenas(machine, planned(machine)) == "arena 0 (node 3): workers 0-1\narena 1 (node 8): workers 2-3\nno workers: nodes 0,9\n");
  const Topology smt = Topology::parse("node:2 core:2 pu:2");
  CHECK(describe_arenas(smt, planned(smt)) == "arena 0 (node 0): workers 0-1,4-5\narena 1 (node 1): workers 2-3,6-7\n");
  CHECK(describe_arenas(smt, weft::plan_pinning(smt, PinningStrategy::CCDIsolation, 5)) ==
        "arena 0 (node 0): workers 0-3\narena 1 (node 1): worker 4\n");
  CHECK(describe_arenas(smt, planned(smt, PinningStrategy::None)) == "no arenas: a worker without a processor belongs to no node\n");
}

TEST_CASE("of a few workers each has its line") {
  const Topology machine = Topology::parse("l3:2 core:2 pu:2");
  CHECK(describe_stealing(machine, weft::plan_pinning(machine, PinningStrategy::TieredSpillover, 5)) ==
        "worker 0 steals from 4 | 1 | 2-3\n"
        "worker 1 steals from 0,4 | 2-3\n"
        "worker 2 steals from 3 | 0-1,4\n"
        "worker 3 steals from 2 | 0-1,4\n"
        "worker 4 steals from 0 | 1 | 2-3\n");
  CHECK(describe_stealing(machine, planned(machine, PinningStrategy::None)) == "each worker steals from all others, which are equally far\n");
  const Topology small = Topology::parse("core:1");
  CHECK(describe_stealing(small, planned(small)) == "worker 0 steals from nobody\n");
  CHECK(describe_stealing(small, planned(small, PinningStrategy::None)) == "worker 0 steals from nobody\n");
}

TEST_CASE("of many workers those with rings of the same sizes have one line, with an example") {
  const Topology alike = Topology::parse("package:2 l3:4 core:8 pu:16");
  CHECK(describe_stealing(alike, planned(alike, PinningStrategy::Linear)) ==
        "workers 0-1023 steal from rings of 15, 112, 384, 512; worker 0 from 1-15 | 16-127 | 128-511 | 512-1023\n");
  const Topology uneven = Topology::parse("l3\ncores 0-15\nl3\ncores 16\n");
  CHECK(describe_stealing(uneven, planned(uneven)) ==
        "workers 0-15 steal from rings of 15, 1; worker 0 from 1-15 | 16\n"
        "worker 16 steals from rings of 16: 0-15\n");
}
