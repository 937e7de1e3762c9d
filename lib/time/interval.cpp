#include <weft/time/interval.hpp>

#include <string>

#include <weft/base/error.hpp>

namespace weft::inline v0 {

Interval::Interval(std::chrono::nanoseconds period, MissedTick missed)
    : period_(period), missed_(missed), next_(std::chrono::steady_clock::now() + period) {
  if (period.count() > 0) return;
  throw UsageError("weft: an interval of " + std::to_string(period.count()) + " ns would never let anything else run: its period is to be positive");
}

void Interval::advance() noexcept {
  next_ += period_;
  if (missed_ == MissedTick::Burst) return;
  const auto now = std::chrono::steady_clock::now();
  if (next_ > now) return;
  if (missed_ == MissedTick::Delay) {
    next_ = now + period_;
  } else {
    next_ += period_ * ((now - next_) / period_ + 1);
  }
}

}  // namespace weft::inline v0
