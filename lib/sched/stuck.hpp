/// @file
/// Telling a worker that is blocked from one that computes.
#pragma once

#include <chrono>
#include <cstdint>

namespace weft::inline v0 {

/// What is known of a worker at one moment.
struct WorkerSample {
  bool is_busy = false;         ///< neither searches nor sleeps, nor is in a marked call
  bool is_off_cpu = false;      ///< the kernel says that its thread sleeps
  std::uint64_t jobs = 0;       ///< that it has begun
  std::int64_t cpu_ns = 0;      ///< that its thread has had
  std::int64_t now_ns = 0;
};

/// Decides from samples whether one worker is stuck. Knows no clock and no thread.
class StuckWatch {
 public:
  /// Whether the worker was seen to run one job, without the processor, in all samples over at least `threshold_ns`.
  [[nodiscard]] bool is_stuck(const WorkerSample& now, std::int64_t threshold_ns) noexcept {
    const std::int64_t elapsed = now.now_ns - since_.now_ns;
    const bool is_same_job = now.is_busy && since_.is_busy && now.jobs == since_.jobs;
    // Waking up now and then, to look whether something has happened, is no computing.
    const bool has_computed = now.cpu_ns - since_.cpu_ns > elapsed / 100;
    if (!is_same_job || has_computed || !now.is_off_cpu) {
      since_ = now;
      return false;
    }
    return elapsed >= threshold_ns;
  }

  [[nodiscard]] std::int64_t since_ns() const noexcept { return since_.now_ns; }

 private:
  WorkerSample since_;
};

}  // namespace weft::inline v0
