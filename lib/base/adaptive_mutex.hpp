/// @file
/// A mutex for short sections that threads on different processors enter often.
#pragma once

#include <mutex>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// std::mutex, but whoever finds it taken tries for a while before it sleeps.
///
/// A section that takes less than a microsecond is over before a thread has gone to sleep; and once one sleeps, each unlock is a
/// system call, and the next lock finds the mutex taken again. std::mutex of the usual libraries sleeps at once.
///
/// Threads: any.
class AdaptiveMutex {
 public:
  void lock() noexcept {
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      cpu_relax();
    }
    mutex_.lock();  // whoever has it may have lost its processor
  }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  static constexpr int kTries = 100;  // 2 us or so

  std::mutex mutex_;
};

}  // namespace weft::inline v0
