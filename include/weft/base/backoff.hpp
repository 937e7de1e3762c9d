/// @file
/// Backoff: how long to wait between two looks at a word that another thread is about to change.
#pragma once

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Waits a little longer each time it is asked: pauses of the processor, then yields, then sleeps.
///
/// For steps of a few instructions, such as a lock in a word, during which the thread that is waited for may lose its processor.
/// Yielding gives nothing to a thread of lower priority (SCHED_FIFO), so only the sleeps make sure that it goes on.
///
/// Cost: `kPauses` pauses are a microsecond or so; after that a system call each, and sleeps of 50 us that grow to 1 ms.
class Backoff {
 public:
  static constexpr unsigned kPauses = 48;  ///< before the first yield
  static constexpr unsigned kYields = 16;  ///< after that, before the first sleep

  void pause() noexcept {
    if (turn_ < kPauses) {
      ++turn_;
      cpu_relax();
    } else {
      yield_or_sleep();
    }
  }

 private:
  WEFT_API void yield_or_sleep() noexcept;

  unsigned turn_ = 0;
};

}  // namespace weft::inline v0
