// What weft finds out about the guest.
#include <catch2/catch.hpp>
#include <weft/topo/topology.hpp>

#include "machine_here.hpp"

using weft::Topology;
using weft_test::machine_here;

namespace {

/// What the nodes have is less than QEMU was told: the kernel does not count what it keeps for itself.
void forget_memory(Topology& machine) {
  for (Topology::Node& node : machine.nodes) node.memory = 0;
}

}  // namespace

TEST_CASE("the packages, nodes, caches, cores and siblings are those that QEMU was told") {
  Topology found = Topology::detect();
  CHECK(found.source == "sysfs");
  CHECK(found.is_this_machine);
  Topology told = machine_here().topology;
  forget_memory(found);
  forget_memory(told);
  CHECK(found.describe() == told.describe());
  CHECK(found == told);
}

TEST_CASE("each node has the memory that QEMU was told, less what the kernel keeps") {
  const Topology found = Topology::detect();
  const Topology& told = machine_here().topology;
  REQUIRE(found.nodes.size() == told.nodes.size());
  for (std::size_t i = 0; i < told.nodes.size(); ++i) {
    CAPTURE(told.nodes[i].os_index);
    CHECK(found.nodes[i].memory <= told.nodes[i].memory);
    CHECK(found.nodes[i].memory > told.nodes[i].memory / 4 * 3);
  }
}
