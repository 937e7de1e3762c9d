// A machine read from files that look like those of Linux. The files are made from a description, and what is read has to be that machine.
#include <catch2/catch.hpp>
#include <weft/topo/topology.hpp>

#include "support/temporary_folder.hpp"
#include "topo/cpu_list.hpp"
#include "topo/sysfs_topology.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using weft::CoreKind;
using weft::Topology;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text << "\n";
}

template <class Wanted>
std::vector<unsigned> pus_where(const Topology& machine, Wanted wanted) {
  std::vector<unsigned> pus;
  for (const Topology::Pu& pu : machine.pus) {
    if (wanted(machine.cores[pu.core])) pus.push_back(pu.os_index);
  }
  std::sort(pus.begin(), pus.end());
  return pus;
}

void write_cache(const fs::path& cache, unsigned level, const char* type, std::uint64_t kib, const std::vector<unsigned>& shared_by) {
  write(cache / "level", std::to_string(level));
  write(cache / "type", type);
  write(cache / "size", std::to_string(kib) + "K");
  write(cache / "shared_cpu_list", weft::format_cpu_list(shared_by));
}

void write_cpu(const fs::path& cpu, const Topology& machine, const Topology::Core& core, unsigned number) {
  const std::vector<unsigned> siblings = pus_where(machine, [&](const Topology::Core& other) { return &other == &core; });
  write(cpu / "topology/physical_package_id", std::to_string(machine.packages[core.package].os_index));
  write(cpu / "topology/core_id", std::to_string(number % 4));  // unique in a package at best: nobody may rely on it
  write(cpu / "topology/core_cpus_list", weft::format_cpu_list(siblings));
  write(cpu / "cpufreq/cpuinfo_max_freq", std::to_string(5'000'000 - 500'000 * core.clock_class - number * 100));
  write_cache(cpu / "cache/index0", 1, "Data", 32, siblings);
  write_cache(cpu / "cache/index1", 1, "Instruction", 32, siblings);
  write_cache(cpu / "cache/index2", 2, "Unified", 1024, siblings);
  const Topology::L3Domain& l3 = machine.l3s[core.l3];
  if (l3.bytes == 0) return;
  write_cache(cpu / "cache/index3", 3, "Unified", l3.bytes / 1024, pus_where(machine, [&](const Topology::Core& other) { return other.l3 == core.l3; }));
}

/// What a Linux on this machine would have in /sys/devices.
void write_sysfs(const fs::path& devices, const Topology& machine) {
  const fs::path cpus = devices / "system/cpu";
  std::vector<unsigned> online = pus_where(machine, [](const Topology::Core&) { return true; });
  write(cpus / "online", weft::format_cpu_list(online));
  std::vector<unsigned> present = online;
  present.insert(present.end(), machine.offline.begin(), machine.offline.end());
  write(cpus / "present", weft::format_cpu_list(present));
  write(cpus / "offline", weft::format_cpu_list(machine.offline) + ",200-255");  // and what might be plugged in
  for (const Topology::Pu& pu : machine.pus) write_cpu(cpus / ("cpu" + std::to_string(pu.os_index)), machine, machine.cores[pu.core], pu.os_index);
  for (std::size_t i = 0; i < machine.nodes.size(); ++i) {
    const fs::path node = devices / "system/node" / ("node" + std::to_string(machine.nodes[i].os_index));
    write(node / "cpulist", weft::format_cpu_list(pus_where(machine, [&](const Topology::Core& core) { return core.node == i; })));
    write(node / "meminfo", "Node 0 MemTotal:       " + std::to_string(machine.nodes[i].memory / 1024) + " kB");
    std::string distances;
    for (const unsigned distance : machine.nodes[i].distances) distances += std::to_string(distance) + " ";
    write(node / "distance", distances);
  }
  std::vector<unsigned> atoms = pus_where(machine, [](const Topology::Core& core) { return core.kind == CoreKind::Efficiency; });
  if (atoms.empty()) return;
  const std::vector<unsigned> low_power{atoms.back()};
  atoms.pop_back();
  write(devices / "cpu_atom/cpus", weft::format_cpu_list(atoms));
  write(devices / "cpu_lowpower/cpus", weft::format_cpu_list(low_power));
}

void check_read(const std::string& description) {
  const Topology machine = Topology::parse(description);
  const weft_test::TemporaryFolder folder;
  write_sysfs(folder / ".", machine);
  const Topology read = weft::read_sysfs(folder / ".");
  INFO("expected\n" << machine.describe() << "was read as\n" << read.describe());
  CHECK(read == machine);
}

}  // namespace

TEST_CASE("machines are read from sysfs as they are") {
  check_read("package:1 node:1:8G core:1 pu:1");
  check_read("package:1 node:1:16G l3:1:8M core:4 pu:2");
  check_read("package:1 node:1:32G l3:2:32M core:8 pu:2 apart");
  check_read("package:2 node:2:64G l3:3:32M core:4 pu:2 apart\n"
             "distances 0 10 12 32 32\ndistances 1 12 10 32 32\ndistances 2 32 32 10 12\ndistances 3 32 32 12 10");
  check_read("node 0 memory 32G\nl3 24M\ncores 0-14:2 1-15:2\ncores 16-23 efficiency\n");           // hybrid
  check_read("node 0 memory 32G\nl3 24M\ncores 0-3 8-11\ncores 4-7 12-15 clock 1\n");               // some cores reach a higher clock
  check_read("node 0 memory 8G\nnode 1 memory 64G\nl3 8M\nnode 0\ncores 0-3\ndistances 0 10 20\ndistances 1 20 10\n");  // a node of memory only
  check_read("package 0\nl3 36M\nnode 0 memory 48G\ncores 0-5\nnode 1 memory 48G\ncores 6-11\ndistances 0 10 11\ndistances 1 11 10\n");  // a cache over two
  check_read("node 0 memory 8G\nl3 8M\ncores 0,2-3 4,6-7\noffline 1,5\n");                          // a core is switched off
  check_read("node 0 memory 8G\nl3 8M\ncores 0-1 4-5\ncores 2-3\noffline 6-7\n");                   // siblings are
}

TEST_CASE("cores of ARM that share a cache of level 2 are a domain, and the little ones are efficiency cores") {
  const weft_test::TemporaryFolder folder;
  const fs::path cpus = folder / "system/cpu";
  write(cpus / "online", "0-5");
  for (unsigned cpu = 0; cpu < 6; ++cpu) {
    const fs::path at = cpus / ("cpu" + std::to_string(cpu));
    write(at / "topology/physical_package_id", "-1");  // some firmware does not say
    write(at / "topology/core_cpus_list", std::to_string(cpu));
    write(at / "cpu_capacity", cpu < 4 ? "446" : "1024");
    write_cache(at / "cache/index0", 1, "Data", 32, {cpu});
    write_cache(at / "cache/index2", 2, "Unified", 512, cpu < 4 ? std::vector<unsigned>{0, 1, 2, 3} : std::vector<unsigned>{4, 5});
  }
  CHECK(weft::read_sysfs(folder / ".") == Topology::parse("l3 512K\ncores 0-3 efficiency\nl3 512K\ncores 4-5\n"));
}

TEST_CASE("what sysfs does not tell is left out") {
  const weft_test::TemporaryFolder nothing;
  CHECK(weft::read_sysfs(nothing / ".").pus.empty());
  const weft_test::TemporaryFolder folder;  // as in a container with little in /sys
  fs::create_directories(folder / "system/cpu/cpu0");
  fs::create_directories(folder / "system/cpu/cpu1");
  fs::create_directories(folder / "system/cpu/cpufreq");
  CHECK(weft::read_sysfs(folder / ".") == Topology::parse("cores 0-1"));
}

TEST_CASE("this machine has the processors that the process may use, and sysfs knows them") {
  const Topology machine = Topology::detect();
  CHECK(machine.allowed_pus() >= 1);
  CHECK(machine.is_this_machine);
  CHECK(Topology::parse(machine.describe()) == machine);
  const Topology read = weft::read_sysfs("/sys/devices");
  INFO("detected\n" << machine.describe() << "sysfs\n" << read.describe());
  for (const Topology::Pu& pu : machine.pus) {
    if (!pu.is_allowed) continue;
    CHECK(std::any_of(read.pus.begin(), read.pus.end(), [&](const Topology::Pu& other) { return other.os_index == pu.os_index; }));
  }
}
