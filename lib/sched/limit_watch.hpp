/// @file
/// Which processors the limits of the process leave, and for how many workers, as they change.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <weft/base/atomic.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

/// Compares the limits with those that there were at first. Knows no clock and reads no file.
///
/// Threads: one, but for limit().
class LimitWatch {
 public:
  /// @param workers     of the pool
  /// @param processors  that it was made for, in rising order
  /// @param quota       of the cgroup when it was made
  LimitWatch(unsigned workers, std::vector<unsigned> processors, double quota) noexcept
      : workers_(workers), quota_at_first_(quota), processors_(std::move(processors)), limit_(workers) {}

  /// @return  whether limit() or processors() have changed: as many as before may be others
  [[nodiscard]] bool look(std::vector<unsigned> processors, double quota) noexcept {
    const CpuLimits now{static_cast<unsigned>(processors.size()), quota};
    // The mask is that of the thread which looks, and to how many workers it came at first nobody else knows.
    if (at_first_ == 0) at_first_ = CpuLimits{now.in_affinity_mask, quota_at_first_}.workers();
    // Who has asked for more workers than there were processors knows why.
    const bool is_for_limits = workers_ <= at_first_;
    const unsigned limit = is_for_limits ? std::min(workers_, now.workers()) : workers_;
    const bool are_others = processors != processors_;
    processors_ = std::move(processors);
    // relaxed: a statistic.
    return limit_.exchange(limit, relaxed) != limit || are_others;
  }

  /// Those of the last look, in rising order.
  [[nodiscard]] const std::vector<unsigned>& processors() const noexcept { return processors_; }

  /// Workers that may be awake, as far as the limits go. Threads: any.
  // relaxed: a statistic.
  [[nodiscard]] unsigned limit() const noexcept { return limit_.load(relaxed); }

 private:
  const unsigned workers_;
  const double quota_at_first_;
  unsigned at_first_ = 0;  // processors; 0: not seen yet
  std::vector<unsigned> processors_;
  Atomic<unsigned> limit_;
};

}  // namespace weft::inline v0
