/// @file
/// How many processors this process may really use.
#pragma once

#include <string>
#include <vector>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// What limits the processors of this process.
struct CpuLimits {
  unsigned in_affinity_mask = 1;  ///< sched_getaffinity, which reflects the cpuset too
  double quota = 0;               ///< processors' worth of time that the cgroup's CPU quota grants; 0: no quota

  /// Workers that make sense: the mask, cut to the quota rounded up; at least 1.
  [[nodiscard]] WEFT_API unsigned workers() const noexcept;
};

/// The processors that the calling thread may run on, as the kernel counts them, in rising order; at least one.
[[nodiscard]] WEFT_API std::vector<unsigned> allowed_cpus();

/// Reads the limits of the calling process.
///
/// Errors: none: a file that is missing or unreadable is no limit.
/// Source: sched_getaffinity(2); cpu.max (cgroup v2) or cpu.cfs_quota_us and cpu.cfs_period_us (v1) of the process's
///         cgroup and of those around it.
[[nodiscard]] WEFT_API CpuLimits cpu_limits();

/// The quota part, with the places of the files named; for tests.
///
/// @param self_cgroup  /proc/self/cgroup
/// @param cgroup_root  /sys/fs/cgroup
[[nodiscard]] WEFT_API double cgroup_cpu_quota(const std::string& self_cgroup, const std::string& cgroup_root);

}  // namespace weft::inline v0
