/// @file
/// A worker's own queues of one priority.
#pragma once

#include <memory_resource>

#include <weft/coro/worker_context.hpp>
#include <weft/queue/deque.hpp>

namespace weft::inline v0 {

/// Three deques with three disciplines; thieves take the oldest of each.
struct RunQueues {
  /// Their rings are in that memory; null: operator new.
  explicit RunQueues(std::pmr::memory_resource* memory) : fork(256, 0, memory), spawned(256, 0, memory), yielded(64, 0, memory) {}

  JobDeque fork;        ///< children of structured forks, strictly nested: newest first
  SpawnDeque spawned;  ///< spawned and woken jobs: newest first down to the last few, and the oldest now and then
  JobDeque yielded;   ///< jobs that gave way: oldest first

  [[nodiscard]] bool is_empty_hint() const noexcept {
    return fork.is_empty_hint() && spawned.is_empty_hint() && yielded.is_empty_hint();
  }

  [[nodiscard]] std::size_t size_hint() const noexcept { return fork.size_hint() + spawned.size_hint() + yielded.size_hint(); }

  /// For the owner, who knows what it has pushed: at most a thief has been faster.
  [[nodiscard]] bool is_empty_to_owner() const noexcept {
    return fork.size_hint() == 0 && spawned.size_hint() == 0 && yielded.size_hint() == 0;
  }
};

}  // namespace weft::inline v0
