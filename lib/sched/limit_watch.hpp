/// @file
/// How many workers the limits of the process leave processors for, as they change.
#pragma once

#include <algorithm>

#include <weft/base/atomic.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

/// Compares the limits with those that it saw first. Knows no clock and reads no file.
///
/// Threads: one, but for limit().
class LimitWatch {
 public:
  /// @param workers  of the pool
  explicit LimitWatch(unsigned workers) noexcept : workers_(workers), limit_(workers) {}

  /// @return  how many more workers may be awake than before; negative: fewer
  int look(const CpuLimits& now) noexcept {
    const unsigned processors = now.workers();
    if (first_ == 0) first_ = processors;
    // Who has asked for more workers than there were processors knows why.
    const bool is_for_limits = workers_ <= first_;
    const unsigned limit = is_for_limits ? std::min(workers_, processors) : workers_;
    // relaxed: statistics, and only this thread writes.
    const unsigned before = limit_.load(relaxed);
    limit_.store(limit, relaxed);
    return static_cast<int>(limit) - static_cast<int>(before);
  }

  /// Workers that may be awake, as far as the limits go. Threads: any.
  // relaxed: statistics.
  [[nodiscard]] unsigned limit() const noexcept { return limit_.load(relaxed); }

 private:
  const unsigned workers_;
  unsigned first_ = 0;  // processors; 0: not seen yet
  Atomic<unsigned> limit_;
};

}  // namespace weft::inline v0
