#include <weft/time/interval.hpp>

#include <string>

#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace {

std::chrono::nanoseconds positive(std::chrono::nanoseconds period) {
  if (period.count() > 0) return period;
  throw UsageError("weft: an interval of " + std::to_string(period.count()) + " ns would never let anything else run: its period is to be positive");
}

}  // namespace

Interval::Interval(std::chrono::nanoseconds period, MissedTick missed) : period_(positive(period)), missed_(missed) { restart(); }

void Interval::advance() noexcept {
  const auto due = next_;
  if (missed_ == MissedTick::Delay) return restart();
  next_ = detail::after(due, period_);
  if (missed_ == MissedTick::Burst) return;
  const auto now = std::chrono::steady_clock::now();
  if (next_ <= now) next_ = detail::after(due, period_ * ((now - due) / period_ + 1));
}

}  // namespace weft::inline v0
