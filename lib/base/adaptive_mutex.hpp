/// @file
/// A mutex for sections of a microsecond or so that threads on different processors enter often.
#pragma once

#include <mutex>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// std::mutex, but whoever finds it taken tries for a while before it sleeps.
///
/// Such a section is over before a thread has gone to sleep; and once one sleeps, each unlock is a system call, and the next lock
/// finds the mutex taken again. std::mutex of the usual libraries sleeps at once.
///
/// Threads: any.
class AdaptiveMutex {
 public:
  void lock() noexcept {
    // Ever longer between two tries: each takes the line away from whoever has the mutex.
    for (int pauses = 1; pauses <= kMostPauses; pauses *= 2) {
      if (mutex_.try_lock()) return;
      for (int i = 0; i < pauses; ++i) cpu_relax();
    }
    mutex_.lock();  // whoever has it may have lost its processor
  }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  static constexpr int kMostPauses = 64;  // 127 in all: 3 us on the machine that this was measured on

  std::mutex mutex_;
};

}  // namespace weft::inline v0
