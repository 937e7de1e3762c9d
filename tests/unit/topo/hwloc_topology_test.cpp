// Machines that hwloc has written down, against the same in the language of lib/topo/README.md.
#include <catch2/catch.hpp>
#include <weft/base/error.hpp>
#include <weft/topo/topology.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

#if WEFT_HAS_HWLOC
#include <hwloc.h>
#endif

#include <string>

using Catch::Matchers::Contains;
using weft::Topology;
using weft::UsageError;

namespace {

#if WEFT_HAS_HWLOC
/// Writes a machine as lstopo does.
void write_xml(const std::string& synthetic, const std::string& file) {
  hwloc_topology_t topology = nullptr;
  REQUIRE(hwloc_topology_init(&topology) == 0);
  REQUIRE(hwloc_topology_set_synthetic(topology, synthetic.c_str()) == 0);
  REQUIRE(hwloc_topology_load(topology) == 0);
  CHECK(hwloc_topology_export_xml(topology, file.c_str(), 0) == 0);
  hwloc_topology_destroy(topology);
}

/// hwloc invents memory and caches for a synthetic machine.
Topology without_sizes(Topology machine) {
  for (Topology::Node& node : machine.nodes) node.memory = 0;
  for (Topology::L3Domain& l3 : machine.l3s) l3.bytes = 0;
  return machine;
}

void check_read(const std::string& synthetic, const std::string& description) {
  const weft_test::TemporaryFolder folder;
  const std::string file = folder / "machine.xml";
  write_xml(synthetic, file);
  const Topology machine = Topology::from_xml(file);
  INFO(synthetic << " was read as\n" << machine.describe());
  CHECK(without_sizes(machine) == Topology::parse(description));
  CHECK(machine.source == file);
  CHECK_FALSE(machine.is_this_machine);
  CHECK(Topology::parse(machine.describe()) == machine);
}
#endif

}  // namespace

TEST_CASE("machines are read from the files of lstopo as they are") {
#if WEFT_HAS_HWLOC
  check_read("pack:2 numa:1 l3:2 core:2 pu:2", "package:2 l3:2 core:2 pu:2");
  check_read("pack:1 numa:4 l3:3 core:8 pu:2", "package:1 node:4 l3:3 core:8 pu:2");
  check_read("numa:1 core:4 pu:1", "core:4");
  check_read("pack:1 numa:1 l3:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)", "l3:2 core:2 pu:2 apart");
  check_read("pack:2 core:2 l2:1 pu:1", "package 0\ncores 0-1\npackage 1\ncores 2-3\n");  // no cache is shared
#else
  weft_test::skip("weft was built without hwloc");
#endif
}

TEST_CASE("a file that is no machine is an error that names it") {
  const weft_test::TemporaryFolder folder;
#if WEFT_HAS_HWLOC
  CHECK_THROWS_WITH(Topology::from_xml(folder / "absent.xml"), Contains("absent.xml cannot be read: No such file or directory"));
  CHECK_THROWS_WITH(Topology::from_xml(folder / "."), Contains(" cannot be read: Is a directory"));
#else
  CHECK_THROWS_WITH(Topology::from_xml(folder / "absent.xml"), Contains("absent.xml"));
#endif
  CHECK_THROWS_AS(Topology::from_xml(folder.write("text.xml", "no machine")), UsageError);
}
