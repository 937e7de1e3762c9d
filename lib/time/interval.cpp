#include <weft/time/interval.hpp>

#include <string>

#include <weft/base/error.hpp>
#include <weft/time/now.hpp>

namespace weft::inline v0 {

namespace {

std::chrono::nanoseconds positive(std::chrono::nanoseconds period) {
  if (period.count() > 0) return period;
  throw UsageError("weft: an interval of " + std::to_string(period.count()) + " ns would never let anything else run: its period is to be positive");
}

}  // namespace

Interval::Interval(std::chrono::nanoseconds period, MissedTick missed) : period_(positive(period)), missed_(missed) { restart(); }

void Interval::advance(std::chrono::steady_clock::time_point due) noexcept {
  if (missed_ == MissedTick::Delay) return restart();
  next_ = detail::after(due, period_).time_since_epoch().count();
  if (missed_ == MissedTick::Burst) return;
  const auto now = v0::now();
  if (next_ <= now.time_since_epoch().count()) next_ = detail::after(due, period_ * ((now - due) / period_ + 1)).time_since_epoch().count();
}

}  // namespace weft::inline v0
