// Machines as text and back. The language: lib/topo/README.md.
#include <catch2/catch.hpp>
#include <weft/base/error.hpp>
#include <weft/topo/topology.hpp>

#include "topo/cpu_list.hpp"
#include "topo/memory_size.hpp"

#include <string>
#include <vector>

using Catch::Matchers::Contains;
using weft::CoreKind;
using weft::Topology;
using weft::UsageError;

namespace {

std::vector<unsigned> pus_of(const Topology& machine, unsigned core) {
  std::vector<unsigned> pus;
  for (const Topology::Pu& pu : machine.pus) {
    if (pu.core == core) pus.push_back(pu.os_index);
  }
  return pus;
}

void check_round_trip(const std::string& description) {
  const Topology machine = Topology::parse(description);
  INFO(description << "was described as\n" << machine.describe());
  CHECK(Topology::parse(machine.describe()) == machine);
  CHECK(Topology::parse(machine.describe()).describe() == machine.describe());
}

}  // namespace

TEST_CASE("lists of processors are read and written as the kernel does") {
  using Numbers = std::vector<unsigned>;
  CHECK(weft::parse_cpu_list("0-3,8,10-14:2") == Numbers{0, 1, 2, 3, 8, 10, 12, 14});
  CHECK(weft::parse_cpu_list("3,1,2\n") == Numbers{3, 1, 2});
  CHECK(weft::parse_cpu_list("") == Numbers{});
  CHECK(weft::parse_cpu_list("1048575") == Numbers{1048575});
  for (const char* const wrong : {",", "1,", "a", "1-", "3-1", "1-3:0", "1-3:", "-1", "1 2", "1,1", "0-3,2", "1048576", "99999999999"}) {
    INFO(wrong);
    CHECK_FALSE(weft::parse_cpu_list(wrong).has_value());
  }
  for (const char* const text : {"", "0", "0-1", "0,2", "0-4:2", "0-3,8-14:2", "3,1-2", "7,5,0-2", "0,3-4"}) {
    INFO(text);
    CHECK(weft::format_cpu_list(*weft::parse_cpu_list(text)) == text);
  }
}

TEST_CASE("amounts of memory have units") {
  CHECK(weft::parse_memory_size("64G") == std::uint64_t{64} << 30);
  CHECK(weft::parse_memory_size("512") == 512);
  for (const char* const wrong : {"", "G", "-1", "1X", "1GB", "99999999999999999999", "99999999T"}) CHECK_FALSE(weft::parse_memory_size(wrong).has_value());
  for (const char* const text : {"0", "1", "1023", "1K", "36608K", "480M", "64G", "2T"}) CHECK(weft::format_memory_size(*weft::parse_memory_size(text)) == text);
}

TEST_CASE("a regular machine is one line") {
  const Topology machine = Topology::parse("package:2 node:2:64G l3:3:32M core:8 pu:2");
  CHECK(machine.packages.size() == 2);
  CHECK(machine.nodes.size() == 4);
  CHECK(machine.l3s.size() == 12);
  CHECK(machine.cores.size() == 96);
  CHECK(machine.pus.size() == 192);
  CHECK(machine.nodes[3].os_index == 3);
  CHECK(machine.nodes[3].memory == std::uint64_t{64} << 30);
  CHECK(machine.l3s[11].bytes == 32 << 20);
  CHECK(pus_of(machine, 0) == std::vector<unsigned>{0, 1});
  CHECK(pus_of(machine, 95) == std::vector<unsigned>{190, 191});
  CHECK(machine.cores[47].package == 0);
  CHECK(machine.cores[48].package == 1);
  CHECK(machine.cores[48].node == 2);
  CHECK(machine.cores[48].l3 == 6);
  CHECK(machine.allowed_pus() == 192);
  CHECK_FALSE(machine.is_this_machine);
}

TEST_CASE("siblings may be numbered apart") {
  const Topology machine = Topology::parse("package:1 core:16 pu:2 apart");
  CHECK(pus_of(machine, 0) == std::vector<unsigned>{0, 16});
  CHECK(pus_of(machine, 15) == std::vector<unsigned>{15, 31});
}

TEST_CASE("a machine is written part by part") {
  const Topology machine = Topology::parse(R"(
    # a laptop with two kinds of cores, and a container that cuts one in half
    node 0 memory 16G
    l3 24M
    cores 0-7:2 1-7:2
    cores 8-11 efficiency
    cores 12-15 efficiency clock 1
    offline 16-17
    allowed 0-2,8
    quota 2.5
  )");
  CHECK(machine.packages.size() == 1);
  CHECK(machine.cores.size() == 12);
  CHECK(machine.pus.size() == 16);
  CHECK(pus_of(machine, 1) == std::vector<unsigned>{2, 3});
  CHECK(machine.cores[3].kind == CoreKind::Performance);
  CHECK(machine.cores[4].kind == CoreKind::Efficiency);
  CHECK(machine.cores[8].clock_class == 1);
  CHECK(machine.offline == std::vector<unsigned>{16, 17});
  CHECK(machine.allowed_pus() == 4);
  CHECK(machine.quota == 2.5);
}

TEST_CASE("cores without a cache of their own are one domain for each node and package, and a cache may reach over nodes") {
  const Topology without = Topology::parse("node 0\ncores 0-1\nnode 1\ncores 2-3\npackage 1\ncores 4-5\n");
  CHECK(without.l3s.size() == 3);
  const Topology shared = Topology::parse("package 0\nl3 30M\nnode 0\ncores 0-1\nnode 1\ncores 2-3\n");
  CHECK(shared.l3s.size() == 1);
  CHECK(shared.nodes.size() == 2);
}

TEST_CASE("what is described is read back as it was") {
  check_round_trip("package:1 core:1 pu:1");
  check_round_trip("package:2 node:4:64G l3:3:32M core:8 pu:2 apart");
  check_round_trip("package:2 core:4 pu:2\ndistances 0 10 21\ndistances 1 21 10\n");
  check_round_trip("node 0 memory 8G\nnode 1 memory 64G\npackage 0\nnode 0\nl3 8M\ncores 0-3\n");  // a node without processors
  check_round_trip("package 0\nl3 30M\nnode 0\ncores 0-1\nnode 1\ncores 2-3\npackage 1\nl3 30M\nnode 2\ncores 4-5\n");
  check_round_trip("l3 24M\ncores 0-7:2 1-7:2\ncores 8-11 efficiency\ncores 12-13 efficiency clock 1\noffline 14\nallowed 0-2,8\nquota 0.1\n");
  check_round_trip("package 3\nnode 7\ncores 5,3,9\n");
  check_round_trip("node 0\ncores 0-1\nnode 1\ncores 2-3\npackage 1\ncores 4-5\n");
}

TEST_CASE("a mistake in a description is an error that names its line") {
  const auto complaint = [](const std::string& description) {
    try {
      static_cast<void>(Topology::parse(description));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("it was taken");
  };
  CHECK_THAT(complaint(""), Contains("no processors"));
  CHECK_THAT(complaint("\n\nprocessors 0-3"), Contains("line 3") && Contains("'processors'"));
  CHECK_THAT(complaint("cores 0-3 4-6"), Contains("differ in length"));
  CHECK_THAT(complaint("cores"), Contains("list of processors"));
  CHECK_THAT(complaint("cores 0-x"), Contains("'0-x'"));
  CHECK_THAT(complaint("cores 0-3\ncores 3-4"), Contains("line 2") && Contains("processor 3 belongs to two cores"));
  CHECK_THAT(complaint("package"), Contains("too few"));
  CHECK_THAT(complaint("node 0 64G"), Contains("'memory'"));
  CHECK_THAT(complaint("node 0 memory 64X"), Contains("'64X'"));
  CHECK_THAT(complaint("cores 0-3\nallowed 9"), Contains("processor 9 is allowed, but"));
  CHECK_THAT(complaint("cores 0-3\noffline 2"), Contains("processor 2 is offline, but"));
  CHECK_THAT(complaint("cores 0-3\nquota -1"), Contains("'-1'"));
  CHECK_THAT(complaint("node 0\nnode 1\ncores 0-3\ndistances 0 10"), Contains("1 distances") && Contains("2 nodes"));
  CHECK_THAT(complaint("cores 0\ndistances 5 10"), Contains("no node 5"));
  CHECK_THAT(complaint("core:4 package:2"), Contains("'package:2' does not fit"));
  CHECK_THAT(complaint("package:2 sockets:3"), Contains("'sockets:3' does not fit"));
  CHECK_THAT(complaint("package:1000 core:1000 pu:2"), Contains("fewer than a million"));
  CHECK_THAT(complaint("package:0"), Contains("at least one"));
  CHECK_THAT(complaint("cores 0-3\npackage:1 core:2"), Contains("stands alone"));
}
