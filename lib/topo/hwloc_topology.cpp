#include "topo/hwloc_topology.hpp"

#if WEFT_HAS_HWLOC

#include <hwloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "topo/assemble_topology.hpp"
#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace {

struct Destroy {
  void operator()(hwloc_topology* topology) const noexcept { hwloc_topology_destroy(topology); }
};
using Handle = std::unique_ptr<hwloc_topology, Destroy>;

Handle make() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return nullptr;
  // What the cpuset forbids is a part of the machine all the same.
  hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
  return Handle(topology);
}

std::uint64_t number_of(const char* text) noexcept { return text != nullptr ? std::strtoull(text, nullptr, 10) : 0; }

/// What hwloc tells of a kind of cores.
struct Kind {
  const char* core_type = nullptr;
  std::uint64_t clock = 0;
  std::uint64_t capacity = 0;
};

Kind kind_of(hwloc_topology_t topology, hwloc_const_cpuset_t cpus) {
  Kind kind;
#if HWLOC_API_VERSION >= 0x00020400
  const int index = hwloc_cpukinds_get_by_cpuset(topology, cpus, 0);
  unsigned count = 0;
  hwloc_info_s* infos = nullptr;
  if (index < 0 || hwloc_cpukinds_get_info(topology, static_cast<unsigned>(index), nullptr, nullptr, &count, &infos, 0) != 0) return kind;
  for (unsigned i = 0; i < count; ++i) {
    if (std::strcmp(infos[i].name, "CoreType") == 0) kind.core_type = infos[i].value;
    if (std::strcmp(infos[i].name, "FrequencyMaxMHz") == 0) kind.clock = number_of(infos[i].value);
    if (std::strcmp(infos[i].name, "LinuxCapacity") == 0) kind.capacity = number_of(infos[i].value);
  }
#else
  static_cast<void>(topology);
  static_cast<void>(cpus);
#endif
  return kind;
}

std::vector<unsigned> pus_in(hwloc_const_cpuset_t cpus) {
  std::vector<unsigned> numbers;
  for (int cpu = hwloc_bitmap_first(cpus); cpu >= 0; cpu = hwloc_bitmap_next(cpus, cpu)) numbers.push_back(static_cast<unsigned>(cpu));
  return numbers;
}

/// The last cache that several cores share.
hwloc_obj_t shared_cache_of(hwloc_topology_t topology, hwloc_obj_t core) {
  if (hwloc_obj_t const l3 = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_L3CACHE, core)) return l3;
  hwloc_obj_t const l2 = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_L2CACHE, core);
  return l2 != nullptr && !hwloc_bitmap_isequal(l2->cpuset, core->cpuset) ? l2 : nullptr;
}

FoundCore read_core(hwloc_topology_t topology, hwloc_obj_t core) {
  FoundCore found;
  found.pus = pus_in(core->cpuset);
  if (hwloc_obj_t const package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, core)) found.package = package->os_index;
  if (core->nodeset != nullptr && hwloc_bitmap_first(core->nodeset) >= 0) found.node = static_cast<unsigned>(hwloc_bitmap_first(core->nodeset));
  if (hwloc_obj_t const cache = shared_cache_of(topology, core)) {
    found.l3 = static_cast<unsigned>(hwloc_bitmap_first(cache->cpuset));
    found.l3_bytes = cache->attr->cache.size;
  }
  const Kind kind = kind_of(topology, core->cpuset);
  constexpr std::uint64_t kLargestCapacity = 1024;
  found.clock = kind.clock != 0 ? kind.clock : kind.capacity;
  found.is_efficiency = kind.core_type != nullptr ? std::strcmp(kind.core_type, "IntelCore") != 0  // IntelAtom, IntelLowPower
                                                  : kind.capacity != 0 && kind.capacity * 10 < kLargestCapacity * 6;
  return found;
}

std::vector<Topology::Node> read_nodes(hwloc_topology_t topology) {
  std::vector<Topology::Node> nodes;
  for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    nodes.push_back({node->os_index, node->attr->numanode.local_memory, {}});
  }
  hwloc_distances_s* distances = nullptr;
  unsigned count = 1;
  constexpr unsigned long kKind = HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY;
  if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &distances, kKind, 0) != 0 || count == 0) return nodes;
  if (distances->nbobjs == nodes.size() && nodes.size() > 1) {
    for (unsigned i = 0; i < nodes.size(); ++i) {
      for (unsigned j = 0; j < nodes.size(); ++j) nodes[i].distances.push_back(static_cast<unsigned>(distances->values[i * nodes.size() + j]));
    }
  }
  hwloc_distances_release(topology, distances);
  return nodes;
}

Topology convert(hwloc_topology_t topology) {
  std::vector<FoundCore> cores;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != nullptr;) {
    cores.push_back(read_core(topology, core));
  }
  if (cores.empty()) {  // some virtual machines show none
    for (hwloc_obj_t pu = nullptr; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu)) != nullptr;) cores.push_back(read_core(topology, pu));
  }
  Topology machine = assemble_topology(std::move(cores), read_nodes(topology));
  hwloc_const_cpuset_t const allowed = hwloc_topology_get_allowed_cpuset(topology);
  for (Topology::Pu& pu : machine.pus) pu.is_allowed = hwloc_bitmap_isset(allowed, pu.os_index) != 0;
  const std::vector<unsigned> complete = pus_in(hwloc_topology_get_complete_cpuset(topology));
  hwloc_const_cpuset_t const online = hwloc_topology_get_topology_cpuset(topology);
  for (const unsigned cpu : complete) {
    if (!hwloc_bitmap_isset(online, cpu)) machine.offline.push_back(cpu);
  }
  machine.is_this_machine = hwloc_topology_is_thissystem(topology) != 0;
  machine.source = "hwloc " HWLOC_VERSION;
  return machine;
}

}  // namespace

std::optional<Topology> read_hwloc() {
  const Handle topology = make();
  if (topology == nullptr || hwloc_topology_load(topology.get()) != 0) return std::nullopt;
  Topology machine = convert(topology.get());
  if (machine.pus.empty()) return std::nullopt;
  return machine;
}

Topology read_hwloc_xml(const std::filesystem::path& file) {
  // hwloc gives the same error whatever is wrong. What is in a file is left for it to read, which may be a pipe.
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(file, error);
  if (is_folder || ::access(file.c_str(), R_OK) != 0) {
    throw UsageError("weft: " + file.string() + " cannot be read: " + std::strerror(is_folder ? EISDIR : errno));
  }
  const Handle topology = make();
  if (topology == nullptr || hwloc_topology_set_xml(topology.get(), file.c_str()) != 0 || hwloc_topology_load(topology.get()) != 0) {
    throw UsageError("weft: " + file.string() + " is no file that lstopo --of xml has written (hwloc: " + std::strerror(errno) + ")");
  }
  Topology machine = convert(topology.get());
  if (machine.pus.empty()) throw UsageError("weft: the machine in " + file.string() + " has no processors");
  machine.source = file.string();
  machine.is_this_machine = false;
  return machine;
}

}  // namespace weft::inline v0

#else

#include <weft/base/error.hpp>

namespace weft::inline v0 {

std::optional<Topology> read_hwloc() { return std::nullopt; }

Topology read_hwloc_xml(const std::filesystem::path& file) {
  throw UsageError("weft: " + file.string() + " cannot be read, because weft was built without hwloc (libhwloc-dev; meson -Dhwloc=enabled)");
}

}  // namespace weft::inline v0

#endif
