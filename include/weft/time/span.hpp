/// @file
/// Points in time from spans of any unit.
#pragma once

#include <chrono>

namespace weft::inline v0::detail {

/// Now and that much; what is beyond the clock's range is its end. Not a number, and what is negative: now.
template <class Rep, class Period>
std::chrono::steady_clock::time_point after(std::chrono::duration<Rep, Period> span) noexcept {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point now = Clock::now();
  if (!(span > span.zero())) return now;
  // As a floating-point number it cannot overflow; a nanosecond more or less does not matter so far away.
  constexpr double kFarNs = 4e18;
  if (std::chrono::duration<double, std::nano>(span).count() > kFarNs) return Clock::time_point::max();
  return now + std::chrono::ceil<Clock::duration>(span);
}

}  // namespace weft::inline v0::detail
