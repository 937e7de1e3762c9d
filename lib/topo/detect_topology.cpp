#include <algorithm>

#include "topo/hwloc_topology.hpp"
#include "topo/sysfs_topology.hpp"
#include <weft/topo/available_cpus.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

namespace {

/// For a machine of which nothing is known.
Topology only_cores(const std::vector<unsigned>& cpus) {
  Topology machine;
  machine.packages.emplace_back();
  machine.nodes.emplace_back();
  machine.l3s.emplace_back();
  for (const unsigned cpu : cpus) {
    machine.pus.push_back({cpu, static_cast<unsigned>(machine.cores.size()), true});
    machine.cores.emplace_back();
  }
  machine.source = "the affinity mask";
  return machine;
}

}  // namespace

Topology Topology::detect() {
  const std::vector<unsigned> affinity = allowed_cpus();
  Topology machine;
  if (auto found = read_hwloc()) {
    machine = *std::move(found);
  } else {
    machine = read_sysfs("/sys/devices");
    machine.is_this_machine = true;
  }
  for (Pu& pu : machine.pus) pu.is_allowed = pu.is_allowed && std::binary_search(affinity.begin(), affinity.end(), pu.os_index);
  if (machine.allowed_pus() == 0) {
    machine = only_cores(affinity);
    machine.is_this_machine = true;
  }
  machine.quota = cpu_limits().quota;
  return machine;
}

Topology Topology::from_xml(const std::filesystem::path& file) { return read_hwloc_xml(file); }

}  // namespace weft::inline v0
