/// @file
/// How long a job may be held back, counted in turns and forks of its worker (lib/sched/README.md, "Giving way").
#pragma once

#include <weft/base/priority.hpp>

namespace weft_test {

inline constexpr long kFairTurn = 61;
/// For the first job in a shared queue, or the oldest of a worker's own: the priorities take turns, and so do both kinds of queues.
inline constexpr long kMostTurns = kFairTurn * static_cast<long>(weft::kPriorities) * 2;

}  // namespace weft_test
