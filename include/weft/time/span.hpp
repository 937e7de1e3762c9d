/// @file
/// Points in time from spans and times of any unit.
#pragma once

#include <chrono>

#include <weft/base/platform.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/queue/manual_time.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0::detail {

/// So much after a time; what is beyond the clock's range is its end. Not a number, and what is negative: the time itself.
template <class Rep, class Period>
constexpr std::chrono::steady_clock::time_point after(std::chrono::steady_clock::time_point time, std::chrono::duration<Rep, Period> span) noexcept {
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
constexpr std::chrono::steady_clock::time_point rounded_up(std::chrono::time_point<std::chrono::steady_clock, Duration> time) noexcept {
  return after(std::chrono::steady_clock::time_point(), time.time_since_epoch());
}

/// The time by the clock of the worker that runs this code; by the steady clock on a thread that is none.
inline TimeNs time_here() noexcept {
  const WorkerContext* const worker = current_worker();
  return time_by(worker != nullptr ? worker->manual_time : nullptr);
}

/// In ns; what is beyond the clock's range is its end. Not a number, and what is negative: zero.
template <class Rep, class Period>
constexpr TimeNs in_ns(std::chrono::duration<Rep, Period> span) noexcept {
  return after(std::chrono::steady_clock::time_point(), span).time_since_epoch().count();
}

/// So much after a time; what is beyond the clock's range is its end. Pre: neither is negative.
inline TimeNs later(TimeNs time, TimeNs span) noexcept { return span > kNeverNs - time ? kNeverNs : time + span; }

/// When a span that begins now is over. On a thread that is no worker, and so has no clock: its complement, which is negative; the span begins
/// when somebody awaits it (begun()). Pre: it is not negative.
WEFT_ALWAYS_INLINE TimeNs due_in(TimeNs span) noexcept {
  const WorkerContext* const worker = current_worker();
  if (worker == nullptr) [[unlikely]] return ~span;
  return later(time_by(worker->manual_time), span);
}

/// The time of what due_in() gave, if a span that has not begun begins now.
inline TimeNs begun(TimeNs due, TimeNs now) noexcept {
  if (due < 0) [[unlikely]] return later(now, ~due);
  return due;
}

}  // namespace weft::inline v0::detail
