#include <weft/sched/numa_arena.hpp>

#include "sched/arena_queues.hpp"
#include "sched/pool.hpp"
#include <weft/base/error.hpp>
#include <weft/mem/node_memory.hpp>

namespace weft::inline v0 {

NumaArena::NumaArena(Pool& pool, unsigned index, std::optional<unsigned> node, NodeMemory* memory, std::vector<unsigned> workers, bool is_only_one)
    : pool_(pool),
      index_(index),
      node_(node),
      memory_(memory),
      workers_(std::move(workers)),
      queues_(is_only_one ? nullptr : std::make_unique<ArenaQueues>(static_cast<unsigned>(workers_.size()))) {}

NumaArena::~NumaArena() = default;

std::pmr::memory_resource* NumaArena::resource() const noexcept {
  if (memory_ == nullptr) return std::pmr::new_delete_resource();
  return memory_;
}

bool NumaArena::is_bound() const noexcept { return memory_ != nullptr && memory_->is_bound(); }

std::optional<double> NumaArena::remote_share() const noexcept {
  if (memory_ == nullptr) return std::nullopt;
  return memory_->remote_share();
}

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

bool NumaArena::posts_to_own_queues() const noexcept {
  const WorkerContext* const worker = current_worker();
  const bool is_inside = worker != nullptr && worker->executor == this;
  return !is_inside && queues_ != nullptr;
}

void NumaArena::post(JobLink& link, Priority priority) noexcept {
  if (!posts_to_own_queues()) return pool_.post(link, priority);
  pool_.post_to(*this, link, priority, {.arena = index_});
}

void NumaArena::post_woken(JobLink& link, Priority priority, unsigned last_worker) noexcept {
  if (!posts_to_own_queues()) return pool_.post_woken(link, priority, last_worker);
  pool_.post_to(*this, link, priority, pool_.wish_for(last_worker, index_));
}

void NumaArena::post_chain(JobLink* first, unsigned count, Priority priority) noexcept {
  if (!posts_to_own_queues()) return pool_.post_chain(first, count, priority);
  pool_.post_chain_to(*this, first, count, priority);
}

detail::SpawnTarget NumaArena::open_target() { return pool_.open_target(queues_ != nullptr ? static_cast<Executor&>(*this) : pool_); }

}  // namespace weft::inline v0
