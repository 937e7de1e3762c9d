/// @file
/// What is known of a run: written while it goes on, read by the view, the table and the picture.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "schedule.hpp"

namespace spillover {

/// What was seen at one moment.
struct Sample {
  double second = 0;         ///< since the start
  double cpu_seconds = 0;    ///< of the workers and the runtime, since the start
  std::vector<double> busy;  ///< of each worker: the share of the time since the sample before
  unsigned open_workers = 0;
  unsigned open_tiers = 0;

  [[nodiscard]] double busy_workers() const noexcept {
    double sum = 0;
    for (const double share : busy) sum += share;
    return sum;
  }
};

/// The open tiers after a change.
struct TierStep {
  double second = 0;
  unsigned open_before = 0;  ///< tiers
  unsigned open_after = 0;
  unsigned workers = 0;
};

/// Workers that open and close together.
struct TierRow {
  std::string name;
  unsigned first = 0;
  unsigned count = 0;
};

struct RunRecord {
  std::string name;
  std::vector<TierRow> tiers;  ///< one if all are always open
  unsigned open_workers_at_start = 0;
  std::vector<Sample> samples;
  std::vector<TierStep> steps;
  std::vector<std::int64_t> latencies_ns;  ///< of each arrival: from when it was due to its end
  std::vector<std::int64_t> lateness_ns;   ///< of the generator: how late each job was posted
  std::uint64_t wrong_results = 0;
  double cpu_seconds = 0;            ///< of the workers and the runtime
  double generator_cpu_seconds = 0;  ///< of the thread that posts the jobs, wake-ups included
  std::uint64_t sleeps = 0;          ///< times that a worker fell asleep
  std::optional<weft::Trace> trace;  ///< of a run that was traced

  /// At that moment, interpolated between samples.
  [[nodiscard]] double cpu_seconds_at(double second) const noexcept;
  /// Of the workers in open tiers, asleep or not: what the program lays claim to.
  [[nodiscard]] double open_worker_seconds(double seconds) const noexcept;
};

/// What falls to some phase, or to all of a run.
struct Figures {
  std::size_t jobs = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
  std::int64_t most_ns = 0;
};

/// The smallest value that so many percent are not above; 0 of none.
[[nodiscard]] std::int64_t percentile(std::vector<std::int64_t>& values, unsigned percent);

/// What a job cost, of those that ended from `begin` to `end`; 0 if none did.
[[nodiscard]] double cpu_us_per_job(const RunRecord& run, const std::vector<Arrival>& schedule,
                                    double begin, double end);

/// Figures of the jobs that were due from `begin` to `end`.
[[nodiscard]] Figures figures_between(const RunRecord& run, const std::vector<Arrival>& schedule,
                                      double begin, double end);

}  // namespace spillover
