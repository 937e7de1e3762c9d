#include "support/quantiles.hpp"

#include <algorithm>
#include <cstddef>

namespace perf {

void Quantiles::add(Clock::duration time) {
  state_.SetIterationTime(std::chrono::duration<double>(time).count());
  note(time);
}

void Quantiles::note(Clock::duration time) { us_.push_back(std::chrono::duration<double, std::micro>(time).count()); }

void Quantiles::record() {
  if (us_.empty()) return;
  std::sort(us_.begin(), us_.end());
  const auto at = [this](double share) { return us_[static_cast<std::size_t>(share * static_cast<double>(us_.size() - 1))]; };
  state_.counters["p50_us"] = at(0.5);
  state_.counters["p99_us"] = at(0.99);
  state_.counters["max_us"] = us_.back();
}

}  // namespace perf
