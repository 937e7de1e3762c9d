/// @file
/// now: the time by which sleeps go.
#pragma once

#include <chrono>

#include <weft/time/span.hpp>

namespace weft::inline v0 {

/// The time by the clock of the runtime whose worker runs this code: the steady clock, unless that runtime has a ManualClock. On a thread that is no
/// worker, and in sync_wait, the steady clock. `sleep_until(now() + 1s)` is right with either clock.
///
/// Threads: any.
/// Cost:    two loads more than the steady clock.
/// Example: samples/13_time.cpp
inline std::chrono::steady_clock::time_point now() noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(detail::time_here()));
}

}  // namespace weft::inline v0
