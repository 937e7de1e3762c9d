/// @file
/// How many workers the limits of the process leave processors for, as they change.
#pragma once

#include <algorithm>

#include <weft/base/atomic.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

/// Compares the limits with those that there were at first. Knows no clock and reads no file.
///
/// Threads: one, but for limit().
class LimitWatch {
 public:
  /// @param workers  of the pool
  /// @param quota    of the cgroup when the pool was made
  LimitWatch(unsigned workers, double quota) noexcept : workers_(workers), quota_at_first_(quota), limit_(workers) {}

  /// @return  whether limit() has changed
  [[nodiscard]] bool look(const CpuLimits& now) noexcept {
    // The mask is that of the thread which looks, whose first one nobody else knows.
    if (at_first_ == 0) at_first_ = CpuLimits{now.in_affinity_mask, quota_at_first_}.workers();
    // Who has asked for more workers than there were processors knows why.
    const bool is_for_limits = workers_ <= at_first_;
    const unsigned limit = is_for_limits ? std::min(workers_, now.workers()) : workers_;
    // relaxed: a statistic.
    return limit_.exchange(limit, relaxed) != limit;
  }

  /// Workers that may be awake, as far as the limits go. Threads: any.
  // relaxed: a statistic.
  [[nodiscard]] unsigned limit() const noexcept { return limit_.load(relaxed); }

 private:
  const unsigned workers_;
  const double quota_at_first_;
  unsigned at_first_ = 0;  // processors; 0: not seen yet
  Atomic<unsigned> limit_;
};

}  // namespace weft::inline v0
