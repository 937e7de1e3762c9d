// Where the memory lies that weft takes for its workers, and for who asks for memory on a node.
#include <catch2/catch.hpp>
#include <weft/mem/node_memory.hpp>
#include <weft/weft.hpp>

#include "machine_here.hpp"
#include "on_each_worker.hpp"
#include "pages.hpp"

#include <cstddef>
#include <cstring>
#include <set>
#include <vector>

using weft::NodeMemory;
using weft::PinningStrategy;
using weft::Runtime;
using weft_test::kBinding;
using weft_test::machine_here;

namespace {

/// On which nodes things of one worker lie.
struct Lies {
  std::set<int> frame;
  std::set<int> worker;
  std::set<int> queues;
  std::set<int> block_of_frame_arena;
  bool frame_is_at_home;
};

template <class T>
std::set<int> nodes_of_object(const T& object) {
  return weft_test::nodes_of(reinterpret_cast<const std::byte*>(&object), sizeof object);
}

std::set<int> nodes_of_block(void* block, std::size_t bytes) {
  std::memset(block, 1, bytes);
  return weft_test::nodes_of(static_cast<const std::byte*>(block), bytes);
}

Lies lies_here(unsigned node) {
  constexpr std::size_t kFrame = 200;
  weft::WorkerContext& worker = *weft::current_worker();
  void* const frame = worker.frames.allocate(kFrame);
  Lies lies{.frame = nodes_of_block(frame, kFrame),
            .worker = nodes_of_object(worker),
            .queues = nodes_of_object(*worker.fork_deque),
            .block_of_frame_arena = nodes_of_block(weft::FrameArena::here().allocate(1000), 1000),
            .frame_is_at_home = NodeMemory::of(node).contains(frame)};
  worker.frames.free(frame, kFrame);
  return lies;
}

std::size_t nodes_with_processors() {
  std::set<unsigned> nodes;
  for (const weft::Topology::Core& core : machine_here().topology.cores) nodes.insert(core.node);
  return nodes.size();
}

}  // namespace

TEST_CASE("coroutine frames, queues, the worker itself and its part of the frame arena lie on the node of the worker") {
  for (const PinningStrategy strategy : kBinding) {
    CAPTURE(weft::name_of(strategy));
    Runtime rt(weft_test::bound(strategy, 0));
    const std::vector<unsigned> processors = machine_here().processors(strategy, rt.worker_count());
    const auto node_of = [&](unsigned worker) { return machine_here().node_of_processor(processors[worker]); };
    const auto lies = weft_test::in_a_job_of_each_worker(rt, [&](unsigned worker) { return lies_here(static_cast<unsigned>(node_of(worker))); });
    for (unsigned worker = 0; worker < rt.worker_count(); ++worker) {
      CAPTURE(worker);
      REQUIRE(lies[worker]);
      CHECK(lies[worker]->frame_is_at_home == nodes_with_processors() > 1);
      if (nodes_with_processors() == 1) continue;  // there they are the ordinary allocator's
      const std::set<int> wanted{node_of(worker)};
      CHECK(lies[worker]->frame == wanted);
      CHECK(lies[worker]->worker == wanted);
      CHECK(lies[worker]->queues == wanted);
      CHECK(lies[worker]->block_of_frame_arena == wanted);
    }
  }
}

TEST_CASE("a block of a node lies there, whoever touches it first") {
  const auto& nodes = machine_here().topology.nodes;
  for (const weft::Topology::Node& node : nodes) {
    CAPTURE(node.os_index);
    NodeMemory& memory = NodeMemory::of(node.os_index);
    CHECK(memory.is_bound() == nodes.size() > 1);
    if (nodes.size() == 1) return;
    const auto bytes = std::size_t{256} << 10;
    Runtime rt(weft_test::bound(PinningStrategy::AvoidSMT, 0));
    const auto lies = weft_test::in_a_job_of_each_worker(rt, [&](unsigned) {
      void* const block = memory.allocate(bytes);
      std::set<int> found = nodes_of_block(block, bytes);
      memory.deallocate(block, bytes);
      return found;
    });
    for (const auto& found : lies) {
      REQUIRE(found);
      CHECK(*found == std::set<int>{static_cast<int>(node.os_index)});
    }
  }
}

TEST_CASE("memory that is asked for beforehand is there, on its node") {
  for (const weft::Topology::Node& node : machine_here().topology.nodes) {
    NodeMemory& memory = NodeMemory::of(node.os_index);
    if (!memory.has_range()) return;
    CAPTURE(node.os_index);
    memory.prefault(std::size_t{32} << 20);
    const std::size_t bytes = std::size_t{8} << 20;
    void* const block = memory.allocate(bytes);
    CHECK(weft_test::nodes_of(static_cast<const std::byte*>(block), bytes) == std::set<int>{static_cast<int>(node.os_index)});
    memory.deallocate(block, bytes);
  }
}

TEST_CASE("a fiber's stack lies on the node of the worker that it was made for, also where a worker of another node touches it first") {
  weft::RuntimeOptions options = weft_test::bound(PinningStrategy::AvoidSMT, 0);
  options.fiber_stack_size = std::size_t{512} << 10;  // a size that no other case uses
  Runtime rt(options);
  const std::vector<unsigned> processors = machine_here().processors(PinningStrategy::AvoidSMT, rt.worker_count());
  const auto stacks = weft_test::on_a_fiber_of_each_worker(rt, [](unsigned) { return weft::current_fiber()->stack_begin(); });
  const unsigned count = rt.worker_count();
  // The last worker is on another node than the first, where there are several. The end of a stack is where its use ends.
  weft_test::in_a_job_of_each_worker(rt, [&](unsigned worker) {
    if (stacks[count - 1 - worker]) const_cast<volatile std::byte&>(*stacks[count - 1 - worker].value()) = std::byte{1};
    return true;
  });
  for (unsigned worker = 0; worker < count; ++worker) {
    CAPTURE(worker);
    REQUIRE(stacks[worker]);
    if (nodes_with_processors() == 1) continue;
    CHECK(weft_test::nodes_of(*stacks[worker], 1) == std::set<int>{machine_here().node_of_processor(processors[worker])});
  }
}

TEST_CASE("after all that no memory of a node lies on another") {
  for (const weft::Topology::Node& node : machine_here().topology.nodes) {
    CAPTURE(node.os_index);
    CHECK(NodeMemory::of(node.os_index).remote_share().value_or(0) == 0);
  }
}
