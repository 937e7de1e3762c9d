// Frame caches whose blocks belong to different nodes. The nodes are imagined, so that all of it works on a machine that has one.
#include <catch2/catch.hpp>
#include <weft/mem/frame_cache.hpp>
#include <weft/mem/node_memory.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "support/seeded_random.hpp"
#include "support/skip.hpp"

using weft::FrameCache;
using weft::frame_memory_outstanding;
using weft::NodeMemory;

namespace {

NodeMemory& node(unsigned number) { return NodeMemory::of(NodeMemory::kImagined + 200 + number); }

/// A cache with a home, or for null without one.
struct HomeCache {
  explicit HomeCache(NodeMemory* at) : home(at) { cache.configure(at); }

  /// Whether this cache may hand out the block.
  [[nodiscard]] bool may_have(const void* block) const {
    return home == nullptr || home->contains(block);
  }
  FrameCache cache;
  NodeMemory* home;
};

bool has_homes() { return node(0).has_range(); }

}  // namespace

TEST_CASE("a cache with a home hands out blocks of that node only, and without one none of a node") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  HomeCache first(&node(0));
  HomeCache second(&node(1));
  HomeCache without(nullptr);
  for (std::size_t bytes = 1; bytes <= FrameCache::kLargest; bytes += 100) {
    void* const of_first = first.cache.allocate(bytes);
    void* const of_second = second.cache.allocate(bytes);
    void* const of_none = without.cache.allocate(bytes);
    CHECK(node(0).contains(of_first));
    CHECK(node(1).contains(of_second));
    CHECK_FALSE(node(0).contains(of_none));
    CHECK_FALSE(node(1).contains(of_none));
    first.cache.free(of_first, bytes);
    second.cache.free(of_second, bytes);
    without.cache.free(of_none, bytes);
  }
}

TEST_CASE("a cache with a home keeps its own blocks, and hands out again what was freed last") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  HomeCache here(&node(0));
  void* const block = here.cache.allocate(96);
  here.cache.free(block, 96);
  const std::size_t outstanding = frame_memory_outstanding();
  for (int i = 0; i < 1000; ++i) {
    void* const again = here.cache.allocate(96);
    CHECK(again == block);
    here.cache.free(again, 96);
  }
  CHECK(frame_memory_outstanding() == outstanding);
}

TEST_CASE("a block of another home is never handed out by the cache that it was freed into, and goes home by itself") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  constexpr std::size_t kBytes = 160;
  const std::size_t base = frame_memory_outstanding();
  {
    HomeCache owner(&node(0));
    HomeCache other(&node(1));
    for (int round = 0; round < 50; ++round) {
      std::vector<void*> blocks(1000);
      for (void*& block : blocks) block = owner.cache.allocate(kBytes);
      for (void* const block : blocks) {
        other.cache.free(block, kBytes);
        void* const mine = other.cache.allocate(kBytes);
        REQUIRE(node(1).contains(mine));
        other.cache.free(mine, kBytes);
      }
      // The owner has its blocks back, all but a batch; each cache keeps two magazines at most.
      CHECK(frame_memory_outstanding() - base <= 64 + 4 * 32 * 1024 / kBytes);
    }
    owner.cache.trim();
    other.cache.send_foreign_home();
    other.cache.trim();
    CHECK(frame_memory_outstanding() == base);
  }
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("what waits for its way home goes when the worker has nothing to do, and when the cache is trimmed") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  const std::size_t base = frame_memory_outstanding();
  HomeCache owner(&node(0));
  HomeCache other(&node(1));
  const auto leave_one_foreign = [&](std::size_t bytes) {
    other.cache.free(owner.cache.allocate(bytes), bytes);
    owner.cache.trim();
  };
  leave_one_foreign(64);
  leave_one_foreign(1024);
  CHECK(frame_memory_outstanding() == base + 2);
  other.cache.send_foreign_home();
  CHECK(frame_memory_outstanding() == base);
  leave_one_foreign(64);
  other.cache.trim();
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("blocks of one size go home 64 at a time") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  const std::size_t base = frame_memory_outstanding();
  HomeCache other(&node(1));
  std::vector<void*> blocks;
  {
    HomeCache owner(&node(0));
    for (int i = 0; i < 64; ++i) blocks.push_back(owner.cache.allocate(100));
  }
  for (std::size_t i = 0; i < 63; ++i) other.cache.free(blocks[i], 100);
  CHECK(frame_memory_outstanding() == base + 64);
  other.cache.free(blocks[63], 100);
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("blocks of all homes, with and without caches, come back wherever they are freed") {
  const std::size_t base = frame_memory_outstanding();
  {
    std::array<HomeCache, 4> caches{HomeCache(nullptr), HomeCache(&node(0)), HomeCache(&node(1)), HomeCache(&node(2))};
    struct Block {
      std::uint64_t* words;
      std::size_t bytes;
      std::uint64_t number;
    };
    std::vector<Block> blocks;
    weft_test::SeededRandom random;
    std::uint64_t number = 0;
    bool is_intact = true;
    bool are_at_home = true;
    const auto give = [&](std::size_t i) {
      const Block block = blocks[i];
      is_intact = is_intact && block.words[0] == block.number;
      if (random.one_in(8)) {
        weft::frame_memory_free(block.words, block.bytes);
      } else {
        caches[random.below(caches.size())].cache.free(block.words, block.bytes);
      }
      blocks[i] = blocks.back();
      blocks.pop_back();
    };
    for (int step = 0; step < 200'000; ++step) {
      if (random.one_in(2)) {
        const std::size_t bytes = 8 + random.below(FrameCache::kLargest);
        HomeCache& cache = caches[random.below(caches.size())];
        const bool has_cache = !random.one_in(8);
        void* const block = has_cache ? cache.cache.allocate(bytes) : weft::frame_memory_allocate(bytes);
        if (has_homes() && has_cache && bytes <= FrameCache::kLargest) are_at_home = are_at_home && cache.may_have(block);
        blocks.push_back({static_cast<std::uint64_t*>(block), bytes, ++number});
        blocks.back().words[0] = number;
      } else if (!blocks.empty()) {
        give(random.below(blocks.size()));
      }
      if (step % 50'000 == 0) caches[random.below(caches.size())].cache.trim();
    }
    while (!blocks.empty()) give(blocks.size() - 1);
    CHECK(is_intact);
    CHECK(are_at_home);
  }
  CHECK(frame_memory_outstanding() == base);
  weft::frame_memory_collect();
}

TEST_CASE("a cache that was trimmed may get another home") {
  if (!has_homes()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  HomeCache here(&node(0));
  here.cache.free(here.cache.allocate(64), 64);
  here.cache.trim();
  here.cache.configure(&node(1));
  void* const block = here.cache.allocate(64);
  CHECK(node(1).contains(block));
  here.cache.free(block, 64);
  here.cache.trim();
  here.cache.configure(nullptr);
  void* const ordinary = here.cache.allocate(64);
  CHECK_FALSE(node(1).contains(ordinary));
  here.cache.free(ordinary, 64);
}
