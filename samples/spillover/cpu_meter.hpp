/// @file
/// The processor time of the workers and of the runtime.
#pragma once

#include <ctime>

namespace spillover {

/// A clock that runs while a thread runs.
class ThreadClock {
 public:
  /// Of the calling thread. The clock may be read by others, as long as the thread lives.
  ThreadClock();
  [[nodiscard]] double seconds() const;

 private:
  clockid_t clock_{};
};

/// Processor time of this process since the meter was made, without that of two threads: the one
/// that posts the jobs, which makes the meter, and the one that looks on.
class CpuMeter {
 public:
  CpuMeter();

  /// Of the thread that made this.
  [[nodiscard]] double generator_seconds() const { return generator_.seconds() - generator_start_; }

  /// Of all threads but the two.
  ///
  /// @param onlooker_seconds  what the second one has used
  [[nodiscard]] double seconds(double onlooker_seconds) const;

 private:
  ThreadClock generator_;
  double generator_start_;
  double process_start_;
};

}  // namespace spillover
