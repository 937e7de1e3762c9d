#include <weft/topo/available_cpus.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace weft::inline v0 {

namespace {

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

/// quota / period, or nothing when unlimited ("max", -1) or malformed.
std::optional<double> ratio(const std::string& quota, const std::string& period) {
  try {
    const double q = std::stod(quota);
    const double p = std::stod(period);
    if (q > 0 && p > 0) return q / p;
  } catch (const std::exception&) {
    // "max", or not a number: no limit.
  }
  return std::nullopt;
}

std::optional<double> quota_v2(const std::string& folder) {
  const auto line = first_line(folder + "/cpu.max");
  if (!line) return std::nullopt;
  std::istringstream words(*line);
  std::string quota;
  std::string period;
  words >> quota >> period;
  return ratio(quota, period);
}

std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = first_line(folder + "/cpu.cfs_quota_us");
  const auto period = first_line(folder + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return ratio(*quota, *period);
}

bool has_cpu_controller(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

std::vector<unsigned> allowed_cpus() {
  // The kernel refuses a mask smaller than its own, whose size it does not tell: grow until it fits.
  for (std::size_t cpus = 1024; cpus <= (std::size_t{1} << 20); cpus *= 2) {
    std::vector<std::uint64_t> mask(cpus / 64);
    if (::sched_getaffinity(0, mask.size() * sizeof(std::uint64_t), reinterpret_cast<cpu_set_t*>(mask.data())) != 0) continue;
    std::vector<unsigned> allowed;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
      if ((mask[cpu / 64] >> cpu % 64 & 1) != 0) allowed.push_back(cpu);
    }
    if (!allowed.empty()) return allowed;
  }
  return {0};
}

double cgroup_cpu_quota(const std::string& self_cgroup, const std::string& cgroup_root) {
  double smallest = 0;
  std::ifstream lines(self_cgroup);
  for (std::string line; std::getline(lines, line);) {
    // hierarchy-ID:controllers:/path ; version 2 has ID 0 and no controllers
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_v2 = controllers.empty();
    if (!is_v2 && !has_cpu_controller(controllers)) continue;
    // Inside a container the path may be that of the host, with only its last part, or nothing, mounted: a folder that
    // is not there has no limit, and the walk up ends at the root, which in a container is the container's own group.
    std::string path = line.substr(second + 1);
    const std::string root = is_v2 ? cgroup_root : cgroup_root + "/" + controllers;
    for (;;) {
      while (!path.empty() && path.back() == '/') path.pop_back();
      const auto quota = is_v2 ? quota_v2(root + path) : quota_v1(root + path);
      if (quota && (smallest == 0 || *quota < smallest)) smallest = *quota;
      if (path.empty()) break;
      path.erase(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
    }
  }
  return smallest;
}

CpuLimits cpu_limits() { return {static_cast<unsigned>(allowed_cpus().size()), cgroup_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup")}; }

unsigned CpuLimits::workers() const noexcept {
  if (quota <= 0) return std::max(in_affinity_mask, 1U);
  const double rounded_up = std::ceil(std::min(quota, 1e6) - 1e-9);
  return std::max(1U, std::min(in_affinity_mask, static_cast<unsigned>(rounded_up)));
}

}  // namespace weft::inline v0
