#include <catch2/catch.hpp>
#include <weft/mem/frame_cache.hpp>
#include <weft/mem/node_memory.hpp>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mem/region_memory.hpp"
#include "support/address.hpp"
#include "support/skip.hpp"

using weft::NodeMemory;
using weft_test::address;

namespace {

constexpr unsigned kNode = NodeMemory::kImagined + 100;

}  // namespace

TEST_CASE("there is one memory for each node, and no other node's block is in its range") {
  NodeMemory& first = NodeMemory::of(kNode);
  NodeMemory& second = NodeMemory::of(kNode + 1);
  CHECK(&NodeMemory::of(kNode) == &first);
  CHECK(&first != &second);
  CHECK(first.node() == kNode);
  CHECK(first.is_equal(first));
  CHECK_FALSE(first.is_equal(second));
  CHECK_FALSE(first.is_bound());
  if (!first.has_range()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  for (std::size_t bytes : {1UL, 64UL, 2048UL, 2049UL, 100'000UL}) {
    void* const block = first.allocate(bytes);
    CHECK(first.contains(block));
    CHECK_FALSE(second.contains(block));
    first.deallocate(block, bytes);
  }
}

TEST_CASE("blocks of any size and alignment are whole, and free again at once") {
  NodeMemory& memory = NodeMemory::of(kNode);
  for (std::size_t alignment = 1; alignment <= 1 << 20; alignment *= 2) {
    for (const std::size_t bytes : {0UL, 1UL, 33UL, 96UL, 2000UL, 2048UL, 3000UL, 70'000UL}) {
      void* const block = memory.allocate(bytes, alignment);
      CHECK(address(block) % alignment == 0);
      std::memset(block, 1, bytes);
      void* const other = memory.allocate(bytes, alignment);
      CHECK(other != block);
      CHECK(address(other) % alignment == 0);
      memory.deallocate(other, bytes, alignment);
      memory.deallocate(block, bytes, alignment);
    }
  }
}

TEST_CASE("a container of std::pmr lives on a node, and another thread may end it") {
  NodeMemory& memory = NodeMemory::of(kNode);
  std::pmr::vector<std::pmr::string> names(&memory);
  for (int i = 0; i < 1000; ++i) names.emplace_back("a name that is too long to be kept in the string itself ").append(std::to_string(i));
  if (memory.has_range()) CHECK(memory.contains(names[999].data()));
  std::thread([&names] { std::pmr::vector<std::pmr::string>(std::move(names)).clear(); }).join();
}

TEST_CASE("a block that no machine has is refused by std::bad_alloc") {
  if (WEFT_ASAN || WEFT_TSAN) return weft_test::skip("the operator new of sanitizers ends the process");
  NodeMemory& memory = NodeMemory::of(kNode);
  CHECK_THROWS_AS(memory.allocate(std::numeric_limits<std::size_t>::max() / 2), std::bad_alloc);
  memory.deallocate(memory.allocate(100), 100);
}

TEST_CASE("a node whose range the system does not let grow hands out the ordinary allocator's memory, and takes it back") {
  NodeMemory& memory = NodeMemory::of(kNode + 57);  // which has nothing so far
  if (!memory.has_range()) return weft_test::skip("AddressSanitizer builds use the ordinary allocator");
  const std::size_t frames = weft::frame_memory_outstanding();
  const weft::RegionMemory before = weft::region_memory;
  weft::region_memory.allow = [](void*, std::size_t) noexcept { return -1; };
  weft::FrameCache cache;
  cache.configure(&memory);
  void* const large = memory.allocate(10'000);
  void* const small = memory.allocate(100);
  void* const frame = cache.allocate(200);
  weft::region_memory = before;
  for (void* const block : {large, small, frame}) CHECK_FALSE(memory.contains(block));
  void* const at_home = cache.allocate(1000);  // from here on there is room again
  CHECK(memory.contains(at_home));
  cache.free(frame, 200);
  cache.free(at_home, 1000);
  memory.deallocate(small, 100);
  memory.deallocate(large, 10'000);
  cache.trim();
  CHECK(weft::frame_memory_outstanding() == frames);
}

TEST_CASE("blocks of a node are not counted as coroutine frames") {
  NodeMemory& memory = NodeMemory::of(kNode);
  const std::size_t before = weft::frame_memory_outstanding();
  void* const block = memory.allocate(100);
  CHECK(weft::frame_memory_outstanding() == before);
  memory.deallocate(block, 100);
}

TEST_CASE("an imagined node has no remote share, and takes the wishes of others") {
  NodeMemory& memory = NodeMemory::of(kNode);
  memory.deallocate(memory.allocate(100), 100);
  CHECK(memory.remote_share() == std::nullopt);
  memory.use_huge_pages();
  memory.prefault(std::size_t{1} << 20);
}
