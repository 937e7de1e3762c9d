/// @file
/// What jobs do, and what it costs.
#pragma once

#include <ctime>

#include <chrono>
#include <cstdint>

namespace spillover {

/// Arithmetic of a known length, whose result is known.
///
/// Threads: any.
class Work {
 public:
  /// So long when nobody else uses the core.
  explicit Work(std::chrono::nanoseconds length);

  /// Does it once; ends the program if the result is wrong.
  void run() const;

 private:
  std::uint64_t rounds_;
  std::uint64_t expected_;
};

/// What each processor can do of that when all of them work, 0 to 1: siblings share a core, and others may use it too. Measured at the first call.
[[nodiscard]] double share_of_each_processor();

/// Processor time of a clock so far: CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID.
[[nodiscard]] inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace spillover
