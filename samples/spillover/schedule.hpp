/// @file
/// Which job is due when: the load that both runs get.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace spillover {

/// A part of a run, in seconds from its start.
struct Phase {
  const char* name;
  double begin;
  double end;
};

/// How much of the machine is asked for at each moment: little, then more, the peak, and back.
class LoadProfile {
 public:
  /// Shares of the machine; 1 keeps every processor busy all the time.
  LoadProfile(double seconds, double least, double peak);

  [[nodiscard]] double seconds() const noexcept { return phases_.back().end; }
  [[nodiscard]] double peak() const noexcept { return peak_; }
  [[nodiscard]] double at(double second) const noexcept;
  /// Of the phase, on average.
  [[nodiscard]] double average(const Phase& phase) const noexcept;
  [[nodiscard]] const std::vector<Phase>& phases() const noexcept { return phases_; }
  [[nodiscard]] const Phase& phase_at(double second) const noexcept;

 private:
  double least_;
  double peak_;
  std::vector<Phase> phases_;
};

struct Arrival {
  std::chrono::nanoseconds due;  ///< since the start
  unsigned kind;                 ///< of job, by its number in Work
};

/// Jobs that come independently of each other (a Poisson process), the earliest first. The same
/// arguments give the same schedule, with every compiler.
///
/// @param rate  jobs a second that would keep the machine busy
[[nodiscard]] std::vector<Arrival> make_schedule(const LoadProfile& profile, double rate,
                                                 std::uint64_t seed);

}  // namespace spillover
