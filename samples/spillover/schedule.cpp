#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "work.hpp"

namespace spillover {
namespace {

/// Above 0, at most 1. Those of <random> differ from library to library.
double uniform(std::mt19937_64& random) {
  return static_cast<double>((random() >> 11U) + 1) * 0x1p-53;
}

}  // namespace

LoadProfile::LoadProfile(double seconds, double least, double peak) : least_(least), peak_(peak) {
  const auto at = [seconds](int eighths) { return seconds * eighths / 8; };
  phases_ = {{"quiet", 0, at(1)},
             {"rise", at(1), at(3)},
             {"peak", at(3), at(5)},
             {"fall", at(5), at(7)},
             {"quiet", at(7), seconds}};
}

double LoadProfile::at(double second) const noexcept {
  // The second half mirrors the first.
  const double from_end = std::min(second, seconds() - second);
  const Phase& rise = phases_[1];
  const double part = (from_end - rise.begin) / (rise.end - rise.begin);
  return least_ + (peak_ - least_) * std::clamp(part, 0.0, 1.0);
}

double LoadProfile::average(const Phase& phase) const noexcept {
  return (at(phase.begin) + at(phase.end)) / 2;  // it is a straight line in each
}

const Phase& LoadProfile::phase_at(double second) const noexcept {
  const auto found = std::find_if(phases_.begin(), phases_.end(),
                                  [second](const Phase& phase) { return second < phase.end; });
  return found != phases_.end() ? *found : phases_.back();
}

std::vector<Arrival> make_schedule(const LoadProfile& profile, double rate, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Arrival> schedule;
  const double highest = std::max(profile.at(0), profile.peak());
  // As if the load was at its highest all the time, and then some of them are left out (thinning).
  for (double second = 0;;) {
    second -= std::log(uniform(random)) / (rate * highest);
    if (!(second < profile.seconds())) return schedule;
    const bool is_kept = uniform(random) * highest <= profile.at(second);
    const auto kind = static_cast<unsigned>(random() % Work::kKinds);
    if (is_kept) {
      schedule.push_back({std::chrono::nanoseconds(std::llround(second * 1e9)), kind});
    }
  }
}

}  // namespace spillover
