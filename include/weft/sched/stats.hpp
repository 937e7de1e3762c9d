/// @file
/// What the workers have done so far, as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::inline v0 {

/// The totals of one worker since the runtime was made.
struct WorkerStats {
  std::uint64_t jobs = 0;           ///< turns of the worker loop; children that a fork runs itself are not counted
  std::uint64_t steals = 0;         ///< jobs taken from another worker, or from what waited for another arena
  std::uint64_t steals_remote = 0;  ///< of these, from another NUMA node, as far as workers have a place in a plan
  std::uint64_t steals_failed = 0;  ///< races for a job lost to another thief or to the owner
  std::uint64_t parks = 0;          ///< times it went to sleep
  std::optional<unsigned> processor;  ///< to which its thread is bound, as the kernel counts them; nothing: not bound, or not started
  std::chrono::nanoseconds idle{};  ///< time spent searching or asleep, or not started; without a sleep that is just ending
};

/// A tier of PinningStrategy::TieredSpillover.
struct TierStats {
  std::string name;          ///< what its processors have in common
  unsigned first = 0;        ///< its first worker
  unsigned count = 0;        ///< of workers
  std::uint64_t opened = 0;  ///< times; the first tier never: it is always open
  std::uint64_t closed = 0;  ///< times
  bool is_open = false;
};

/// A snapshot of a runtime: each figure is exact at some moment during the call, the whole is not of one moment.
struct RuntimeStats {
  std::chrono::nanoseconds age{};  ///< since the runtime was made
  std::vector<WorkerStats> workers;
  unsigned worker_limit = 0;  ///< so many workers may be awake, by the limits of the process as the watcher has seen them last
  std::vector<TierStats> tiers;  ///< empty where all workers are always open

  /// The sum over the workers.
  [[nodiscard]] WorkerStats total() const noexcept {
    WorkerStats sum;
    for (const WorkerStats& worker : workers) {
      sum.jobs += worker.jobs;
      sum.steals += worker.steals;
      sum.steals_remote += worker.steals_remote;
      sum.steals_failed += worker.steals_failed;
      sum.parks += worker.parks;
      sum.idle += worker.idle;
    }
    return sum;
  }

  /// The share of the workers' time that was neither search nor sleep, 0 to 1.
  [[nodiscard]] double utilisation() const noexcept {
    const double all = static_cast<double>(age.count()) * static_cast<double>(workers.size());
    return all > 0 ? 1.0 - static_cast<double>(total().idle.count()) / all : 0.0;
  }
};

}  // namespace weft::inline v0
