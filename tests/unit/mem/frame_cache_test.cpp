#include <catch2/catch.hpp>
#include <weft/mem/frame_cache.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "support/skip.hpp"

using weft::FrameCache;
using weft::frame_memory_outstanding;

namespace {
// AddressSanitizer builds keep nothing: what is kept, and what is reused, is another question there.
constexpr bool kCaches = WEFT_ASAN == 0;
}  // namespace

TEST_CASE("a freed block is handed out again for its size class") {
  FrameCache cache;
  void* const first = cache.allocate(100);
  cache.free(first, 100);
  void* const again = cache.allocate(97);  // the same class: 97 to 128 bytes
  if (kCaches) CHECK(again == first);
  cache.free(again, 97);
}

TEST_CASE("blocks of different size classes do not mix") {
  FrameCache cache;
  void* const small = cache.allocate(FrameCache::kStep);
  cache.free(small, FrameCache::kStep);
  void* const larger = cache.allocate(FrameCache::kStep + 1);
  std::memset(larger, 0xee, FrameCache::kStep + 1);
  cache.free(larger, FrameCache::kStep + 1);
  void* const small_again = cache.allocate(1);
  if (kCaches) CHECK(small_again == small);
  cache.free(small_again, 1);
}

TEST_CASE("blocks in use are distinct, writable to their end, and aligned like operator new") {
  const std::size_t base = frame_memory_outstanding();
  {
    FrameCache cache;
    std::vector<std::pair<void*, std::size_t>> blocks;
    std::set<void*> addresses;
    for (std::size_t bytes = 1; bytes <= FrameCache::kLargest + 3 * FrameCache::kStep; bytes += 7) {
      void* const block = cache.allocate(bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
      std::memset(block, static_cast<int>(bytes), bytes);
      blocks.emplace_back(block, bytes);
      addresses.insert(block);
    }
    CHECK(addresses.size() == blocks.size());
    bool intact = true;
    for (const auto& [block, bytes] : blocks) {
      const auto* const at = static_cast<const unsigned char*>(block);
      intact = intact && at[0] == static_cast<unsigned char>(bytes) && at[bytes - 1] == static_cast<unsigned char>(bytes);
      cache.free(block, bytes);
    }
    CHECK(intact);
  }
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("blocks larger than the largest class go straight back") {
  FrameCache cache;
  const std::size_t base = frame_memory_outstanding();
  void* const block = cache.allocate(FrameCache::kLargest + 1);
  CHECK(frame_memory_outstanding() == base + 1);
  cache.free(block, FrameCache::kLargest + 1);
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("what a cache keeps is bounded however much flows into it") {
  constexpr std::size_t kBytes = 256;
  constexpr std::size_t kMagazineBytes = 32 * 1024;
  const std::size_t base = frame_memory_outstanding();
  FrameCache cache;
  std::size_t most_kept = 0;
  // A stream from elsewhere: this cache only ever frees.
  for (int i = 0; i < 200'000; ++i) {
    cache.free(weft::frame_memory_allocate(kBytes), kBytes);
    if (i % 100 == 0) most_kept = std::max(most_kept, frame_memory_outstanding() - base);
  }
  if (kCaches) CHECK(most_kept > 0);
  CHECK(most_kept * kBytes <= 2 * kMagazineBytes);
  cache.trim();
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("a cache that gives and takes around the edge of a magazine goes to the depot only now and then") {
  if (!kCaches) return weft_test::skip("AddressSanitizer builds keep nothing");
  constexpr std::size_t kBytes = 1024;
  FrameCache cache;
  std::vector<void*> blocks;
  std::size_t outstanding = frame_memory_outstanding();
  std::size_t exchanges = 0;
  const auto count_exchange = [&] {
    const std::size_t now = frame_memory_outstanding();
    if (now != outstanding) ++exchanges;
    outstanding = now;
  };
  for (int i = 0; i < 1000; ++i) {
    blocks.push_back(cache.allocate(kBytes));
    count_exchange();
    for (int step = 0; step < 4; ++step) {  // at every level: one back, one more
      cache.free(blocks.back(), kBytes);
      count_exchange();
      blocks.back() = cache.allocate(kBytes);
      count_exchange();
    }
  }
  CHECK(exchanges <= 1000 / 32 + 3);
  for (void* const block : blocks) cache.free(block, kBytes);
}

TEST_CASE("trim gives everything back, and so does the end of the cache") {
  const std::size_t base = frame_memory_outstanding();
  {
    FrameCache cache;
    for (std::size_t bytes = 16; bytes <= FrameCache::kLargest; bytes *= 2) cache.free(cache.allocate(bytes), bytes);
    if (kCaches) CHECK(frame_memory_outstanding() > base);
    cache.trim();
    CHECK(frame_memory_outstanding() == base);
    cache.free(cache.allocate(64), 64);
  }
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("a block may be freed into another cache than the one it came from") {
  const std::size_t base = frame_memory_outstanding();
  auto here = std::make_unique<FrameCache>();
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(here->allocate(96));
  std::thread other([&] {
    FrameCache there;
    for (void* const block : blocks) there.free(block, 96);
    for (void*& block : blocks) block = there.allocate(96);
  });
  other.join();
  for (void* const block : blocks) here->free(block, 96);
  here.reset();
  CHECK(frame_memory_outstanding() == base);
}

TEST_CASE("a block of no bytes is a block") {
  void* const block = weft::frame_memory_allocate(0);
  CHECK(block != nullptr);
  weft::frame_memory_free(block, 0);
}

TEST_CASE("a cache that is used little takes little") {
  if (!kCaches) return weft_test::skip("AddressSanitizer builds keep nothing");
  const std::size_t base = frame_memory_outstanding();
  FrameCache cache;
  void* const block = cache.allocate(64);
  CHECK(frame_memory_outstanding() - base <= 8);
  cache.free(block, 64);
}
