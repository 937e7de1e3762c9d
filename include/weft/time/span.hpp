/// @file
/// Points in time from spans and times of any unit.
#pragma once

#include <chrono>

namespace weft::inline v0::detail {

/// So much after a time; what is beyond the clock's range is its end. Not a number, and what is negative: the time itself.
template <class Rep, class Period>
std::chrono::steady_clock::time_point after(std::chrono::steady_clock::time_point time, std::chrono::duration<Rep, Period> span) noexcept {
  using Clock = std::chrono::steady_clock;
  if (!(span > span.zero())) return time;
  // As a floating-point number it cannot overflow; a nanosecond more or less does not matter so far away.
  constexpr double kFarNs = 4e18;
  if (std::chrono::duration<double, std::nano>(span).count() > kFarNs) return Clock::time_point::max();
  const auto in_ns = std::chrono::ceil<Clock::duration>(span);
  return in_ns > Clock::time_point::max() - time ? Clock::time_point::max() : time + in_ns;
}

/// The first time of the clock itself that is not before one in another unit.
template <class Duration>
std::chrono::steady_clock::time_point rounded_up(std::chrono::time_point<std::chrono::steady_clock, Duration> time) noexcept {
  return after(std::chrono::steady_clock::time_point(), time.time_since_epoch());
}

}  // namespace weft::inline v0::detail
