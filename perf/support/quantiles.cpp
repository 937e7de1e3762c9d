#include "support/quantiles.hpp"

#include <algorithm>
#include <cstddef>

namespace perf {

void Quantiles::add(Clock::duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  state_.SetIterationTime(seconds);
  us_.push_back(seconds * 1e6);
}

void Quantiles::record() {
  if (us_.empty()) return;
  std::sort(us_.begin(), us_.end());
  const auto at = [this](double share) { return us_[static_cast<std::size_t>(share * static_cast<double>(us_.size() - 1))]; };
  state_.counters["p50_us"] = at(0.5);
  state_.counters["p99_us"] = at(0.99);
  state_.counters["max_us"] = us_.back();
}

}  // namespace perf
