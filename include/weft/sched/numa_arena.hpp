/// @file
/// The workers of one NUMA node, and memory there.
#pragma once

#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <weft/base/executor.hpp>
#include <weft/base/priority.hpp>
#include <weft/coro/spawn_place.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/task_group.hpp>

namespace weft::inline v0 {

class NodeMemory;
class Pool;
struct ArenaQueues;

/// The workers of a runtime that lie on one NUMA node, and memory of that node. Runtime::arena() gives them.
///
/// A runtime has an arena for each node on which its pinning strategy places workers. With PinningStrategy::None, and on a machine of one node,
/// it has one, and to place work there is to spawn it as usual.
///
/// Work that is sent to an arena starts on one of its workers. It starts elsewhere when these have no time and another worker has nothing else to
/// do, or when the tier that they are in is closed (see Runtime::open_tiers): a processor is never left idle for the sake of a place. So that it
/// does not wait for ever, busy workers of other arenas take some of it now and then, and what is urgent at once. A task that has suspended
/// goes on in the arena in which it was suspended; so do children that a fork runs, unless a worker of another arena has run dry and steals them.
/// What has come to another arena in one of these ways stays there: `co_await resume_on(arena)` sends a task back, or anywhere.
///
/// Threads:  any.
/// Lifetime: of its runtime.
/// Example:  samples/12_numa_arenas.cpp
class NumaArena final : public Executor, public SpawnPlace {
 public:
  // By the runtime.
  NumaArena(Pool& pool, unsigned index, std::optional<unsigned> node, NodeMemory* memory, std::vector<unsigned> workers, bool is_only_one);
  NumaArena(const NumaArena&) = delete;
  NumaArena& operator=(const NumaArena&) = delete;
  WEFT_API ~NumaArena();

  /// The arena of the worker that runs this code; on a worker that was added for a blocked one, and has no place, the first arena.
  ///
  /// Errors: UsageError on a thread that is no worker.
  [[nodiscard]] WEFT_API static NumaArena& here();

  /// Its place among the arenas of the runtime, which are in the order of Topology::nodes.
  [[nodiscard]] unsigned index() const noexcept { return index_; }

  /// The node, as the kernel counts them, or as the description of a machine does; nothing: the workers are bound to no node.
  [[nodiscard]] std::optional<unsigned> node() const noexcept { return node_; }

  /// The numbers of its workers, in rising order.
  [[nodiscard]] const std::vector<unsigned>& workers() const noexcept { return workers_; }

  /// Memory on the node, for any thread: `std::pmr::vector<float> part(arena.resource())`. Where workers are bound to no node, or the machine has one
  /// only, it is what new and delete use. See NodeMemory.
  [[nodiscard]] WEFT_API std::pmr::memory_resource* resource() const noexcept;

  /// Whether the kernel was told where that memory is to lie, and has agreed.
  [[nodiscard]] WEFT_API bool is_bound() const noexcept;

  /// Of the memory of the node that this process has in use or keeps, whoever asked for it, the share that lies on other nodes, as the kernel says
  /// now: 0 to 1. Nothing if nobody knows: is_bound() is false, or the kernel does not say.
  ///
  /// Cost: as NodeMemory::remote_share.
  [[nodiscard]] WEFT_API std::optional<double> remote_share() const noexcept;

  /// Calls `function(arena)` for each arena of this runtime, at once, each in its arena as far as that has time, and waits for all. It may return
  /// a task. Results are dropped.
  ///
  /// Pre:      awaited on a worker.
  /// Lifetime: the function is moved or copied into the task; std::ref(function) refers to it.
  /// Errors:   as with_task_group: the first exception stops the others and is thrown when all have ended. UsageError outside a runtime.
  template <class F>
  [[nodiscard("co_await it")]] static Task<> for_each_node(F function) {
    co_await with_task_group([&function](TaskGroup& group) -> Task<> {
      for (NumaArena* const arena : of_runtime_here()) {
        group.spawn([&function, arena] { return function(*arena); }, {.arena = arena});
      }
      co_return;
    });
  }

  // Executor
  WEFT_API void post(JobLink& link, Priority priority) noexcept override;
  WEFT_API void post_woken(JobLink& link, Priority priority, unsigned last_worker) noexcept override;
  WEFT_API void post_chain(JobLink* first, unsigned count, Priority priority) noexcept override;

  // SpawnPlace
  [[nodiscard]] WEFT_API detail::SpawnTarget open_target() override;
  [[nodiscard]] unsigned worker_count() const noexcept override { return static_cast<unsigned>(workers_.size()); }

 private:
  friend class Pool;
  friend class Worker;

  [[nodiscard]] WEFT_API static std::span<NumaArena* const> of_runtime_here();
  /// Whether what this thread posts waits in queues_, and not where it would without arenas.
  [[nodiscard]] bool posts_to_own_queues() const noexcept;

  Pool& pool_;
  const unsigned index_;
  const std::optional<unsigned> node_;
  NodeMemory* const memory_;  // null: the ordinary allocator's
  const std::vector<unsigned> workers_;
  const std::unique_ptr<ArenaQueues> queues_;  // null: it is the only one, and the pool's queues are its
};

}  // namespace weft::inline v0
