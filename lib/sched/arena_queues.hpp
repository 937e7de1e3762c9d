/// @file
/// What waits for the workers of an arena.
#pragma once

#include <array>

#include "queue/injector.hpp"
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/priority.hpp>

namespace weft::inline v0 {

/// The shared queues of one arena, where there are several.
///
/// Threads: any.
struct ArenaQueues {
  explicit ArenaQueues(unsigned of_workers) noexcept : workers(of_workers) {}

  const unsigned workers;
  std::array<Injector, kPriorities> injectors;
  /// One of the workers was woken for what is here, although somebody elsewhere searches, and has not looked since.
  alignas(kCacheLine) Atomic<bool> is_called{false};
};

}  // namespace weft::inline v0
