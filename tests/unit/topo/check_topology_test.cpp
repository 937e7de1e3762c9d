// Machines put together by hand, with mistakes.
#include <catch2/catch.hpp>
#include <weft/base/error.hpp>
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

#include <limits>
#include <string>

using weft::PinningStrategy;
using weft::Topology;
using weft::UsageError;

namespace {

/// Two packages, nodes and domains, four cores, eight processors.
Topology machine() { return Topology::parse("package:2 node:1 l3:1 core:2 pu:2\ndistances 0 10 21\ndistances 1 21 10\n"); }

/// What is said of a machine in which `spoil` has changed something.
template <class Spoil>
std::string complaint(Spoil spoil) {
  Topology spoilt = machine();
  spoil(spoilt);
  try {
    spoilt.check();
  } catch (const UsageError& error) {
    for (const PinningStrategy strategy : {PinningStrategy::Linear, PinningStrategy::TieredSpillover}) {
      CHECK_THROWS_WITH(weft::plan_pinning(spoilt, strategy, 2), error.what());
    }
    return error.what();
  }
  return "it was taken";
}

}  // namespace

TEST_CASE("a machine that fits together is taken, with and without distances, with nodes without processors and cores without any that is allowed") {
  CHECK(complaint([](Topology&) {}) == "it was taken");
  CHECK(complaint([](Topology& of) { of.nodes[1].distances.clear(); }) == "it was taken");
  CHECK(complaint([](Topology& of) {
          of.nodes.push_back({.os_index = 7, .memory = 0, .distances = {}});
          for (Topology::Node& node : of.nodes) node.distances.clear();
        }) == "it was taken");
  CHECK(complaint([](Topology& of) { of.pus[2].is_allowed = of.pus[3].is_allowed = false; }) == "it was taken");
  CHECK_NOTHROW(Topology::detect().check());
}

TEST_CASE("a place outside its vector is named") {
  CHECK(complaint([](Topology& of) { of.cores[3].package = 2; }) ==
        "weft: Topology::cores[3].package is 2, and there is no packages[2]: packages has 2 elements");
  CHECK(complaint([](Topology& of) { of.cores[1].node = 5; }) ==
        "weft: Topology::cores[1].node is 5, and there is no nodes[5]: nodes has 2 elements");
  CHECK(complaint([](Topology& of) { of.l3s.resize(1); }) == "weft: Topology::cores[2].l3 is 1, and there is no l3s[1]: l3s has 1 element");
  CHECK(complaint([](Topology& of) { of.pus[7].core = 4; }) == "weft: Topology::pus[7].core is 4, and there is no cores[4]: cores has 4 elements");
  CHECK(complaint([](Topology& of) { of.cores.clear(); }) == "weft: Topology::pus[0].core is 0, and there is no cores[0]: cores has 0 elements");
}

TEST_CASE("distances to more or fewer nodes than there are name their node") {
  CHECK(complaint([](Topology& of) { of.nodes[1].distances = {10}; }) ==
        "weft: Topology::nodes[1].distances has 1 element for 2 nodes; there is one for each node, or none if they are unknown");
  CHECK(complaint([](Topology& of) { of.nodes[0].distances = {10, 20, 30}; }) ==
        "weft: Topology::nodes[0].distances has 3 elements for 2 nodes; there is one for each node, or none if they are unknown");
}

TEST_CASE("two parts with one number of the kernel are named") {
  CHECK(complaint([](Topology& of) { of.pus[6].os_index = 2; }) ==
        "weft: Topology::pus[2] and pus[6] have the same os_index 2; the kernel gives each a number of its own");
  CHECK(complaint([](Topology& of) { of.nodes[1].os_index = 0; }) ==
        "weft: Topology::nodes[0] and nodes[1] have the same os_index 0; the kernel gives each a number of its own");
  CHECK(complaint([](Topology& of) { of.packages[0].os_index = 1; }) ==
        "weft: Topology::packages[0] and packages[1] have the same os_index 1; the kernel gives each a number of its own");
}

TEST_CASE("a machine without an allowed processor is refused") {
  const char* const words = "weft: the Topology has no processor that is allowed, so no worker could run on it";
  CHECK(complaint([](Topology& of) {
          for (Topology::Pu& pu : of.pus) pu.is_allowed = false;
        }) == words);
  CHECK(complaint([](Topology& of) { of = {}; }) == words);
}

TEST_CASE("a quota that is no amount of time is refused") {
  CHECK_THAT(complaint([](Topology& of) { of.quota = -1; }), Catch::Contains("Topology::quota is -1"));
  CHECK_THAT(complaint([](Topology& of) { of.quota = std::numeric_limits<double>::quiet_NaN(); }), Catch::Contains("Topology::quota is"));
  CHECK_THAT(complaint([](Topology& of) { of.quota = std::numeric_limits<double>::infinity(); }), Catch::Contains("Topology::quota is inf"));
}
