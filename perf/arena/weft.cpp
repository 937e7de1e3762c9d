/// @file
/// weft's frame caches, without a home and with one, and NodeMemory. The nodes are imagined: what is measured is what the way home costs, not
/// what memory that is far away costs.
#include <weft/mem/frame_cache.hpp>
#include <weft/mem/node_memory.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "arena/cases.hpp"

namespace arena {
namespace {

using weft::FrameCache;
using weft::NodeMemory;

constexpr std::size_t kBytes = 64;
constexpr std::size_t kMany = 1000;

NodeMemory& node(unsigned number) { return NodeMemory::of(NodeMemory::kImagined + number); }

template <std::size_t kCount>
void local(benchmark::State& state, NodeMemory* home) {
  FrameCache cache;
  cache.configure(home);
  measure<kCount>(state, [&] { return cache.allocate(kBytes); }, [&](void* block) { cache.free(block, kBytes); });
}

[[maybe_unused]] const bool few = add_operation("frame_64", "weft", [](benchmark::State& state) { local<16>(state, nullptr); });
[[maybe_unused]] const bool few_home = add_operation("frame_64", "weft-home", [](benchmark::State& state) { local<16>(state, &node(0)); });
[[maybe_unused]] const bool many = add_operation("frames_64", "weft", [](benchmark::State& state) { local<kMany>(state, nullptr); });
[[maybe_unused]] const bool many_home = add_operation("frames_64", "weft-home", [](benchmark::State& state) { local<kMany>(state, &node(0)); });

[[maybe_unused]] const bool remote = add_operation("remote_64", "weft-home", [](benchmark::State& state) {
  FrameCache owner;
  FrameCache other;
  owner.configure(&node(0));
  other.configure(&node(1));
  measure<kMany>(state, [&] { return owner.allocate(kBytes); }, [&](void* block) { other.free(block, kBytes); });
});
[[maybe_unused]] const bool remote_without = add_operation("remote_64", "weft", [](benchmark::State& state) {
  FrameCache owner;
  FrameCache other;
  measure<kMany>(state, [&] { return owner.allocate(kBytes); }, [&](void* block) { other.free(block, kBytes); });
});

/// One thread takes blocks, the other gives them back, and its time counts.
void pass(benchmark::State& state, NodeMemory* home, NodeMemory* other_home) {
  const std::size_t rounds = perf::size<std::size_t>(500, 2);
  std::vector<void*> blocks(kMany);
  std::atomic<int> turn{0};  // 0: take, 1: give back, 2: end
  std::thread taker([&] {
    FrameCache cache;
    cache.configure(home);
    for (;;) {
      const int now = turn.load(std::memory_order_acquire);
      if (now == 2) return;
      if (now == 1) {
        std::this_thread::yield();
        continue;
      }
      for (void*& block : blocks) {
        block = cache.allocate(kBytes);
        *static_cast<std::uint64_t*>(block) = 1;
      }
      turn.store(1, std::memory_order_release);
    }
  });
  FrameCache cache;
  cache.configure(other_home);
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(rounds * kMany))) {
    std::chrono::nanoseconds time{0};
    for (std::size_t round = 0; round < rounds; ++round) {
      while (turn.load(std::memory_order_acquire) != 1) std::this_thread::yield();
      const auto begin = std::chrono::steady_clock::now();
      for (void* const block : blocks) cache.free(block, kBytes);
      time += std::chrono::steady_clock::now() - begin;
      turn.store(0, std::memory_order_release);
    }
    state.SetIterationTime(std::chrono::duration<double>(time).count());
  }
  while (turn.load(std::memory_order_acquire) != 1) std::this_thread::yield();
  for (void* const block : blocks) cache.free(block, kBytes);
  turn.store(2, std::memory_order_release);
  taker.join();
}

[[maybe_unused]] const bool passed = perf::add_timed_case("passed_64", "weft", 2, [](benchmark::State& state) {
  pass(state, nullptr, nullptr);
})->Unit(benchmark::kNanosecond) != nullptr;
[[maybe_unused]] const bool passed_home = perf::add_timed_case("passed_64", "weft-home", 2, [](benchmark::State& state) {
  pass(state, &node(0), &node(1));
})->Unit(benchmark::kNanosecond) != nullptr;

template <std::size_t kSize, std::size_t kCount>
bool add_node_memory(const char* problem) {
  return add_operation(problem, "weft-home", [](benchmark::State& state) {
    std::pmr::memory_resource* memory = &node(0);
    benchmark::DoNotOptimize(memory);
    measure<kCount>(state, [memory] { return memory->allocate(kSize); }, [memory](void* block) { memory->deallocate(block, kSize); });
  });
}

[[maybe_unused]] const bool blocks = add_node_memory<64, kMany>("block_64");
[[maybe_unused]] const bool pages = add_node_memory<8192, 16>("block_8k");

}  // namespace
}  // namespace arena
