#include <catch2/catch.hpp>

#include "mem/frame_depot.hpp"
#include "mem/frame_slab.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "support/aborts.hpp"
#include "support/seeded_random.hpp"

using weft::FrameCache;
using weft::FrameDepot;
using weft::FrameSlab;

namespace {

/// A slab in memory that is aligned as it has to be.
class MadeSlab {
 public:
  explicit MadeSlab(std::size_t size_class)
      : memory_(::operator new(FrameSlab::kBytes, std::align_val_t{FrameSlab::kAlignment})), slab(*::new (memory_) FrameSlab(size_class)) {}
  MadeSlab(const MadeSlab&) = delete;
  MadeSlab& operator=(const MadeSlab&) = delete;
  ~MadeSlab() { ::operator delete(memory_, FrameSlab::kBytes, std::align_val_t{FrameSlab::kAlignment}); }

 private:
  void* memory_;

 public:
  FrameSlab& slab;
};

}  // namespace

TEST_CASE("a slab of any size class has its blocks side by side, all inside, and knows them") {
  for (std::size_t size_class = 0; size_class < FrameCache::kClasses; ++size_class) {
    const MadeSlab made(size_class);
    FrameSlab& slab = made.slab;
    const std::size_t bytes = (size_class + 1) * FrameCache::kStep;
    REQUIRE(slab.free_blocks() == FrameSlab::capacity(size_class));
    const auto begin = reinterpret_cast<std::uintptr_t>(&slab);
    std::uintptr_t last = 0;
    while (slab.free_blocks() != 0) {
      void* const block = slab.take();
      const auto address = reinterpret_cast<std::uintptr_t>(block);
      REQUIRE(address >= begin + sizeof(FrameSlab));
      REQUIRE(address + bytes <= begin + FrameSlab::kBytes);
      if (last != 0) REQUIRE(address == last + bytes);
      REQUIRE(FrameSlab::of(block) == &slab);
      last = address;
    }
    CHECK(last + 2 * bytes > begin + FrameSlab::kBytes);  // no room for one more
  }
}

TEST_CASE("a slab hands out the free block with the lowest address, in whatever order they came back") {
  constexpr std::size_t kSizeClass = 2;
  weft_test::SeededRandom random;
  const MadeSlab made(kSizeClass);
  FrameSlab& slab = made.slab;
  std::vector<void*> blocks;
  while (slab.free_blocks() != 0) blocks.push_back(slab.take());
  const std::vector<void*> in_order = blocks;
  std::shuffle(blocks.begin(), blocks.end(), random);
  const std::size_t kept = blocks.size() / 3;
  for (std::size_t i = kept; i < blocks.size(); ++i) slab.give(blocks[i]);
  std::vector<void*> expected(blocks.begin() + static_cast<std::ptrdiff_t>(kept), blocks.end());
  std::sort(expected.begin(), expected.end());
  std::vector<void*> taken;
  while (slab.free_blocks() != 0) taken.push_back(slab.take());
  CHECK(taken == expected);
}

TEST_CASE("the depot gives a slab back when all its blocks are there, and no other") {
  constexpr std::size_t kSizeClass = 5;
  const auto depot = std::make_unique<FrameDepot>();
  std::vector<void*> blocks;
  const std::size_t count = 10 * FrameSlab::capacity(kSizeClass);
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(depot->take_one(kSizeClass));
  CHECK(depot->outstanding() == count);
  CHECK(depot->unused_bytes() == 0);
  // All but the first block of the first slab.
  for (std::size_t i = 1; i < count; ++i) depot->put_one(kSizeClass, blocks[i]);
  CHECK(depot->unused_bytes() == 9 * FrameSlab::kBytes);
  depot->collect();
  CHECK(depot->unused_bytes() == 0);
  CHECK(depot->outstanding() == 1);
  // The slab of the first block is still there, and has the rest of its blocks.
  CHECK(FrameSlab::of(depot->take_one(kSizeClass)) == FrameSlab::of(blocks[0]));
  depot->put_one(kSizeClass, blocks[1]);
  depot->put_one(kSizeClass, blocks[0]);
  depot->collect();
  CHECK(depot->outstanding() == 0);
  CHECK(depot->unused_bytes() == 0);
}

TEST_CASE("slabs that are not in use go back by themselves when they are many") {
  constexpr std::size_t kSizeClass = FrameCache::kClasses - 1;
  const auto depot = std::make_unique<FrameDepot>();
  constexpr std::size_t kBytes = 80 * 1024 * 1024;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < kBytes / FrameCache::kLargest; ++i) blocks.push_back(depot->take_one(kSizeClass));
  std::size_t most = 0;
  for (void* const block : blocks) {
    depot->put_one(kSizeClass, block);
    most = std::max(most, depot->unused_bytes());
  }
  CHECK(most <= FrameDepot::kMayKeepBytes);
  depot->collect();
  CHECK(depot->unused_bytes() == 0);
}

#if WEFT_ASSERTS >= 1
TEST_CASE("a build with assertions aborts when a frame is freed twice") {
  weft_test::check_aborts("freed twice", [] {
    MadeSlab made(0);
    void* const block = made.slab.take();
    made.slab.give(block);
    made.slab.give(block);
  });
}
#endif
