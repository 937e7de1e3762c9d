// A runtime for a machine with several nodes, on whatever machine this is.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "mem/region_memory.hpp"

#include <atomic>
#include <cstddef>
#include <latch>
#include <vector>

using weft::NodeMemory;
using weft::PinningStrategy;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Topology;

namespace {

RuntimeOptions on(const char* machine, PinningStrategy strategy = PinningStrategy::Linear) {
  RuntimeOptions options{.pinning = strategy, .topology = Topology::parse(machine), .report_blocking_after = {}};
  return options;
}

/// Calls a function on each worker, with its number. All are busy at the same time, so none runs it twice.
template <class F>
void on_each_worker(Runtime& rt, F function) {
  std::latch all_run(rt.worker_count());
  weft::Counter done;
  for (unsigned i = 0; i < rt.worker_count(); ++i) {
    rt.spawn(
        [&] {
          function(weft::WorkerHandle().index());
          all_run.arrive_and_wait();
        },
        done);
  }
  done.wait();
}

/// The node of what a worker has: its number, -1 for none, -2 if it is not all on one.
struct HomeOf {
  int operator()(const void* thing) const {
    for (int node = 0; node < nodes; ++node) {
      if (NodeMemory::of(NodeMemory::kImagined + static_cast<unsigned>(node)).contains(thing)) return node;
    }
    return -1;
  }
  int nodes;
};

std::vector<int> homes_of_workers(Runtime& rt, int nodes) {
  const HomeOf home{nodes};
  std::vector<int> homes(rt.worker_count(), -3);
  on_each_worker(rt, [&](unsigned index) {
    weft::WorkerContext& worker = *weft::current_worker();
    void* const frame = worker.frames.allocate(100);
    const int of_frame = home(frame);
    worker.frames.free(frame, 100);
    const bool is_same = home(&worker) == of_frame && home(worker.fork_deque) == of_frame && home(worker.spawn_deque) == of_frame &&
                         home(weft::FrameArena::here().allocate(100)) == of_frame;
    homes[index] = is_same ? of_frame : -2;
  });
  return homes;
}

weft::Task<int> fib_on_nodes(int n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await weft::when_all(fib_on_nodes(n - 1), fib_on_nodes(n - 2));
  co_return a + b;
}

}  // namespace

TEST_CASE("what a worker has is in the memory of its node") {
  if (WEFT_ASAN) return;  // there all of it is the ordinary allocator's
  Runtime rt(on("node:2 core:2"));
  CHECK(homes_of_workers(rt, 2) == std::vector{0, 0, 1, 1});
}

TEST_CASE("workers that are all on one node, or have no place, use the ordinary allocator") {
  if (WEFT_ASAN) return;
  Runtime one(on("node:1 core:3"));
  CHECK(homes_of_workers(one, 2) == std::vector{-1, -1, -1});
  RuntimeOptions first_node = on("node:2 core:2", PinningStrategy::CCDIsolation);
  first_node.workers = 2;
  Runtime half(first_node);
  CHECK(homes_of_workers(half, 2) == std::vector{-1, -1});
  RuntimeOptions unbound = on("node:2 core:2", PinningStrategy::None);
  Runtime none(unbound);
  CHECK(homes_of_workers(none, 2) == std::vector{-1, -1, -1, -1});
}

TEST_CASE("work goes from node to node and all frames come back") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    Runtime rt(on("node:2 core:2"));
    for (int i = 0; i < 20; ++i) CHECK(rt.run(fib_on_nodes(15)) == 610);
    weft::Counter done;
    for (int i = 0; i < 500; ++i) rt.spawn([] {}, done);  // their closures are taken here, without a cache
    done.wait();
  }
  CHECK(weft::frame_memory_outstanding() == base);
}

namespace {

std::atomic<std::size_t> populated_bytes{0};
std::atomic<unsigned> huge_ranges{0};

/// While it lives, the kernel is not asked for pages, and it is counted for how many it would have been.
struct CountedWishes {
  CountedWishes() {
    populated_bytes = 0;
    huge_ranges = 0;
    weft::region_memory.populate = [](void*, std::size_t bytes) noexcept {
      populated_bytes += bytes;
      return 0;
    };
    weft::region_memory.use_huge_pages = [](void*, std::size_t) noexcept {
      ++huge_ranges;
      return 0;
    };
  }
  CountedWishes(const CountedWishes&) = delete;
  CountedWishes& operator=(const CountedWishes&) = delete;
  ~CountedWishes() { weft::region_memory = before; }

  const weft::RegionMemory before = weft::region_memory;
};

}  // namespace

TEST_CASE("the wishes for node memory reach the nodes that have workers") {
  if (WEFT_ASAN) return;
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  RuntimeOptions options = on("node:3 core:1");
  options.workers = 2;
  const CountedWishes wishes;
  {
    Runtime rt(options);
    CHECK(homes_of_workers(rt, 3) == std::vector{0, 1});
    CHECK(huge_ranges == 0);
    CHECK(populated_bytes == 0);
  }
  options.huge_node_pages = true;
  options.prefault_node_memory = kBytes;
  Runtime rt(options);
  CHECK(huge_ranges == 2);
  CHECK(populated_bytes >= 2 * kBytes);
}
