/// @file
/// The urgency of a job.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::inline v0 {

/// How urgent a job is. Higher runs first; Low still runs: every 61st turn of a worker goes to what has waited longest, each priority in
/// turn. lib/sched/README.md, "Giving way", has the bound.
enum class Priority : std::uint8_t {
  High,    ///< before everything else that waits
  Normal,  ///< the default
  Low,     ///< when nothing of the above waits, or when it has waited long enough
};

/// Number of priorities; `static_cast<std::size_t>(priority)` indexes arrays of this size.
inline constexpr std::size_t kPriorities = 3;

}  // namespace weft::inline v0
