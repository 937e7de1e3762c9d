#include "topo/sysfs_topology.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "topo/assemble_topology.hpp"
#include "topo/cpu_list.hpp"
#include "topo/memory_size.hpp"

namespace weft::inline v0 {

namespace {

namespace fs = std::filesystem;

std::optional<std::string> line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<std::uint64_t> number_of(const fs::path& path) {
  std::ifstream file(path);
  std::int64_t number = -1;
  if (!(file >> number) || number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::vector<unsigned> cpus_of(const fs::path& path) {
  const auto line = line_of(path);
  if (!line) return {};
  return parse_cpu_list(*line).value_or(std::vector<unsigned>());
}

/// The numbers of the folders that are called `prefix` and a number.
std::vector<unsigned> numbered(const fs::path& folder, const std::string& prefix) {
  std::vector<unsigned> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    const auto number = parse_cpu_list(name.substr(prefix.size()));
    if (number && number->size() == 1) numbers.push_back(number->front());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// ---- nodes ----

struct Nodes {
  std::vector<Topology::Node> nodes;
  std::map<unsigned, unsigned> node_of;  // processor to node, as the kernel counts both
};

std::uint64_t memory_of(const fs::path& node) {
  std::ifstream file(node / "meminfo");
  for (std::string word; file >> word;) {
    std::uint64_t kib = 0;
    if (word == "MemTotal:" && file >> kib) return kib * 1024;
  }
  return 0;
}

Nodes read_nodes(const fs::path& folder) {
  Nodes found;
  for (const unsigned number : numbered(folder, "node")) {
    const fs::path node = folder / ("node" + std::to_string(number));
    Topology::Node& added = found.nodes.emplace_back();
    added.os_index = number;
    added.memory = memory_of(node);
    std::ifstream distances(node / "distance");
    for (unsigned distance = 0; distances >> distance;) added.distances.push_back(distance);
    for (const unsigned cpu : cpus_of(node / "cpulist")) found.node_of[cpu] = number;
  }
  const bool are_all_there =
      std::all_of(found.nodes.begin(), found.nodes.end(), [&](const auto& node) { return node.distances.size() == found.nodes.size(); });
  if (!are_all_there || found.nodes.size() == 1) {
    for (Topology::Node& node : found.nodes) node.distances.clear();
  }
  return found;
}

// ---- cores ----

/// Finds the last cache that the core shares with others.
void read_cache(const fs::path& cpu, FoundCore& core) {
  std::uint64_t last_level = 0;
  for (const unsigned index : numbered(cpu / "cache", "index")) {
    const fs::path cache = cpu / "cache" / ("index" + std::to_string(index));
    const std::uint64_t level = number_of(cache / "level").value_or(0);
    const std::vector<unsigned> shared = cpus_of(cache / "shared_cpu_list");
    if (level < last_level || line_of(cache / "type") == "Instruction" || shared.empty()) continue;
    const bool is_private = level < 3 && std::all_of(shared.begin(), shared.end(), [&](unsigned by) {
      return std::find(core.pus.begin(), core.pus.end(), by) != core.pus.end();
    });
    if (is_private) continue;
    last_level = level;
    core.l3 = *std::min_element(shared.begin(), shared.end());
    core.l3_bytes = parse_memory_size(line_of(cache / "size").value_or("")).value_or(0);
  }
}

/// big.LITTLE: the kernel gives each core a capacity, 1024 for the largest.
bool is_little(const fs::path& cpu) {
  constexpr std::uint64_t kLargest = 1024;
  return number_of(cpu / "cpu_capacity").value_or(kLargest) * 10 < kLargest * 6;
}

FoundCore read_core(const fs::path& cpu, unsigned number, const std::vector<unsigned>& online) {
  FoundCore core;
  core.package = static_cast<unsigned>(number_of(cpu / "topology/physical_package_id").value_or(0));
  core.pus = cpus_of(cpu / "topology/core_cpus_list");
  if (core.pus.empty()) core.pus = cpus_of(cpu / "topology/thread_siblings_list");  // before Linux 5.3
  std::erase_if(core.pus, [&](unsigned pu) { return !std::binary_search(online.begin(), online.end(), pu); });
  if (core.pus.empty()) core.pus.push_back(number);
  core.clock = number_of(cpu / "cpufreq/cpuinfo_max_freq").value_or(number_of(cpu / "cpu_capacity").value_or(0));
  core.is_efficiency = is_little(cpu);
  read_cache(cpu, core);
  return core;
}

}  // namespace

Topology read_sysfs(const fs::path& devices) {
  const fs::path cpus = devices / "system/cpu";
  std::vector<unsigned> online = cpus_of(cpus / "online");
  if (online.empty()) online = numbered(cpus, "cpu");
  std::sort(online.begin(), online.end());
  Nodes nodes = read_nodes(devices / "system/node");
  // Hybrid processors of Intel.
  std::vector<unsigned> atoms = cpus_of(devices / "cpu_atom/cpus");
  const std::vector<unsigned> low_power = cpus_of(devices / "cpu_lowpower/cpus");
  atoms.insert(atoms.end(), low_power.begin(), low_power.end());

  std::vector<FoundCore> cores;
  std::vector<bool> is_seen(online.empty() ? 0 : online.back() + 1);
  for (const unsigned cpu : online) {
    if (is_seen[cpu]) continue;
    FoundCore core = read_core(cpus / ("cpu" + std::to_string(cpu)), cpu, online);
    std::erase_if(core.pus, [&](unsigned pu) { return is_seen[pu]; });
    if (core.pus.empty()) core.pus.push_back(cpu);
    for (const unsigned pu : core.pus) is_seen[pu] = true;
    if (std::find(atoms.begin(), atoms.end(), cpu) != atoms.end()) core.is_efficiency = true;
    if (const auto node = nodes.node_of.find(cpu); node != nodes.node_of.end()) core.node = node->second;
    cores.push_back(std::move(core));
  }
  Topology machine = assemble_topology(std::move(cores), std::move(nodes.nodes));
  machine.offline = cpus_of(cpus / "present");  // "offline" has those that are not plugged in, too
  std::erase_if(machine.offline, [&](unsigned cpu) { return std::binary_search(online.begin(), online.end(), cpu); });
  machine.source = "sysfs";
  return machine;
}

}  // namespace weft::inline v0
