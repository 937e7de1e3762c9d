/// @file
/// How long a job may be held back, counted in turns and forks of its worker (lib/sched/README.md, "Giving way").
#pragma once

#include <weft/base/priority.hpp>
#include <weft/coro/spawn.hpp>

#include <atomic>

namespace weft_test {

inline constexpr long kFairTurn = 61;
/// For the first job in a shared queue, or the oldest of a worker's own: the priorities take turns, and so do both kinds of queues.
inline constexpr long kMostTurns = kFairTurn * static_cast<long>(weft::kPriorities) * 2;

/// A job that spawns itself again and again, and counts how often it has run.
struct Flood {
  std::atomic<bool>& until;
  std::atomic<long>& jobs;

  void operator()() const {
    jobs.fetch_add(1);
    if (!until.load()) weft::spawn_detached(Flood(*this));
  }
};

}  // namespace weft_test
