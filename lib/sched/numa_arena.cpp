#include <weft/sched/numa_arena.hpp>

#include "sched/arena_queues.hpp"
#include "sched/pool.hpp"
#include <weft/base/error.hpp>

namespace weft::inline v0 {

NumaArena::NumaArena(Pool& pool, unsigned index, std::optional<unsigned> node, std::vector<unsigned> workers, bool is_only_one)
    : pool_(pool),
      index_(index),
      node_(node),
      workers_(std::move(workers)),
      queues_(is_only_one ? nullptr : std::make_unique<ArenaQueues>(static_cast<unsigned>(workers_.size()))) {}

NumaArena::~NumaArena() = default;

std::span<NumaArena* const> NumaArena::of_runtime_here() {
  return here().pool_.arenas();
}

NumaArena& NumaArena::here() {
  const WorkerContext* const worker = current_worker();
  if (worker == nullptr || worker->place == nullptr) {
    throw UsageError("weft: NumaArena::here, or for_each_node, was called outside a runtime: do it in a task that a runtime runs, or ask Runtime::arena");
  }
  return static_cast<NumaArena&>(*worker->place);
}

void NumaArena::post(JobLink& link, Priority priority) noexcept {
  link.next = nullptr;
  post_chain(&link, 1, priority);
}

void NumaArena::post_chain(JobLink* first, unsigned count, Priority priority) noexcept {
  const WorkerContext* const worker = current_worker();
  const bool is_inside = worker != nullptr && worker->executor == this;
  if (is_inside || queues_ == nullptr) {
    pool_.post_chain(first, count, priority);
  } else {
    pool_.post_chain_to(*this, first, count, priority);
  }
}

detail::SpawnTarget NumaArena::open_target() { return pool_.open_target(queues_ != nullptr ? static_cast<Executor&>(*this) : pool_); }

}  // namespace weft::inline v0
