#include <catch2/catch.hpp>
#include <weft/mem/frame_cache.hpp>
#include <weft/mem/node_memory.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using weft::FrameCache;
using weft::NodeMemory;
using weft_test::SeededRandom;
using weft_test::StressClock;

namespace {

/// A block that is in use, filled with a number of its own from end to end.
struct Block {
  std::uint64_t* words;
  std::size_t bytes;
  std::uint64_t number;

  void fill() const {
    for (std::size_t i = 0; i < bytes / sizeof *words; ++i) words[i] = number;
  }
  [[nodiscard]] bool is_intact() const {
    for (std::size_t i = 0; i < bytes / sizeof *words; ++i) {
      if (words[i] != number) return false;
    }
    return true;
  }
};

/// Where threads leave blocks for one another.
class Market {
 public:
  void leave(std::vector<Block>& blocks) {
    const std::lock_guard lock(mutex_);
    blocks_.insert(blocks_.end(), blocks.begin(), blocks.end());
    blocks.clear();
  }
  [[nodiscard]] std::vector<Block> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(blocks_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
};

/// Allocates here, frees there, now with the cache and now without, and collects in between. Returns damaged blocks.
int trade(Market& market, std::uint64_t stream, NodeMemory* home) {
  SeededRandom random(stream);
  FrameCache cache;
  cache.configure(home);
  std::vector<Block> mine;
  int damaged = 0;
  const auto free = [&](const Block& block) {
    damaged += !block.is_intact();
    if (random.one_in(8)) {
      weft::frame_memory_free(block.words, block.bytes);
    } else {
      cache.free(block.words, block.bytes);
    }
  };
  const std::size_t few_sizes[] = {32, 96, 160, 1024, FrameCache::kLargest, FrameCache::kLargest + 8};
  std::uint64_t made = 0;
  for (int step = 0; step < 300; ++step) {
    const std::size_t bytes = few_sizes[random.below(6)];
    for (std::uint64_t count = random.below(random.one_in(10) ? 1500 : 40); count > 0; --count) {
      void* const memory = random.one_in(8) ? weft::frame_memory_allocate(bytes) : cache.allocate(bytes);
      mine.push_back({static_cast<std::uint64_t*>(memory), bytes, stream << 32 | ++made});
      mine.back().fill();
    }
    switch (random.below(4)) {
      case 0: market.leave(mine); break;
      case 1:
        for (const Block& block : market.take()) free(block);
        break;
      case 2:
        for (; !mine.empty(); mine.pop_back()) free(mine.back());
        break;
      default:
        if (random.one_in(10)) weft::frame_memory_collect();
        if (random.one_in(20)) cache.trim();
        if (random.one_in(5)) cache.send_foreign_home();
        break;
    }
  }
  for (const Block& block : mine) free(block);
  return damaged;
}

/// Threads that trade for as long as the clock says; thread i has the home `home_of(i)`.
template <class HomeOf>
void trade_for_a_while(HomeOf home_of) {
  constexpr unsigned kThreads = 4;
  const std::size_t base = weft::frame_memory_outstanding();
  const StressClock clock;
  std::uint64_t stream = 0;
  while (!clock.is_over()) {
    Market market;
    std::atomic<int> damaged{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i, own = ++stream] { damaged.fetch_add(trade(market, own, home_of(i))); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Block& block : market.take()) {
      damaged.fetch_add(!block.is_intact());
      weft::frame_memory_free(block.words, block.bytes);
    }
    REQUIRE(damaged.load() == 0);
    REQUIRE(weft::frame_memory_outstanding() == base);
  }
}

}  // namespace

TEST_CASE("no block is in use twice, whoever frees it, and none is lost") {
  trade_for_a_while([](unsigned) { return nullptr; });
}

TEST_CASE("no block is in use twice, whoever frees it, and none is lost, where caches are of two nodes and of none") {
  trade_for_a_while([](unsigned thread) { return thread < 3 ? &NodeMemory::of(NodeMemory::kImagined + thread % 2) : nullptr; });
}

TEST_CASE("blocks of a node come back from any thread, and none is in use twice") {
  constexpr unsigned kThreads = 4;
  NodeMemory& memory = NodeMemory::of(NodeMemory::kImagined);
  const StressClock clock;
  std::uint64_t stream = 0;
  while (!clock.is_over()) {
    Market market;
    std::atomic<int> damaged{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, own = ++stream] {
        SeededRandom random(own);
        std::vector<Block> mine;
        for (std::uint64_t step = 0; step < 2000; ++step) {
          const std::size_t bytes = 8 * (1 + random.below(random.one_in(10) ? 20'000 : 400));
          mine.push_back({static_cast<std::uint64_t*>(memory.allocate(bytes)), bytes, own << 32 | step});
          mine.back().fill();
          if (random.one_in(50)) memory.prefault(random.below(std::size_t{8} << 20));
          if (random.one_in(10)) market.leave(mine);
          if (!random.one_in(20)) continue;
          for (const Block& block : market.take()) {
            damaged.fetch_add(!block.is_intact());
            memory.deallocate(block.words, block.bytes);
          }
        }
        market.leave(mine);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Block& block : market.take()) {
      damaged.fetch_add(!block.is_intact());
      memory.deallocate(block.words, block.bytes);
    }
    REQUIRE(damaged.load() == 0);
  }
}
