#include <catch2/catch.hpp>

#include "mem/frame_depot.hpp"
#include "mem/frame_slab.hpp"
#include "mem/region_memory.hpp"
#include "mem/slab_runs.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "support/aborts.hpp"
#include "support/seeded_random.hpp"

using weft::FrameCache;
using weft::FrameDepot;
using weft::FrameSlab;
using weft::SlabRuns;

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

namespace {

/// What runs ask of the kernel, as long as it lives. Huge pages are refused, which changes nothing.
class RunCalls {
 public:
  RunCalls() {
    made_ = 0;
    alive_.clear();
    given_back_ = 0;
    weft::region_memory.reserve = [](std::size_t bytes) noexcept { return is_refused_ ? nullptr : original_.reserve(bytes); };
    weft::region_memory.use_huge_pages = [](void* memory, std::size_t bytes) noexcept {
      const bool is_run = bytes == SlabRuns::kRunBytes && reinterpret_cast<std::uintptr_t>(memory) % SlabRuns::kRunBytes == 0;
      made_ += is_run ? 1 : 1000;
      alive_.insert(memory);
      return -1;
    };
    weft::region_memory.unmap = [](void* memory, std::size_t bytes) noexcept {
      alive_.erase(memory);
      return original_.unmap(memory, bytes);
    };
    weft::region_memory.give_back = [](void* memory, std::size_t bytes) noexcept {
      given_back_ += bytes;
      return original_.give_back(memory, bytes);
    };
  }
  RunCalls(const RunCalls&) = delete;
  RunCalls& operator=(const RunCalls&) = delete;
  ~RunCalls() {
    is_refused_ = false;
    weft::region_memory = original_;
  }
  static void refuse(bool is) { is_refused_ = is; }
  [[nodiscard]] static int made() { return made_; }
  [[nodiscard]] static std::size_t alive() { return alive_.size(); }
  [[nodiscard]] static std::size_t given_back() { return given_back_; }

 private:
  inline static const weft::RegionMemory original_ = weft::region_memory;
  inline static bool is_refused_ = false;
  inline static int made_ = 0;
  inline static std::set<void*> alive_;
  inline static std::size_t given_back_ = 0;
};

}  // namespace

TEST_CASE("the first slabs are by themselves; later ones lie in runs, which go back when none of theirs is in use") {
  const RunCalls calls;
  SlabRuns runs;
  std::vector<SlabRuns::Memory> alone, in_run;
  for (std::size_t i = 0; i < SlabRuns::kAloneFirst; ++i) alone.push_back(runs.take());
  for (std::size_t i = 0; i < 2 * SlabRuns::kSlabsInRun; ++i) in_run.push_back(runs.take());
  CHECK(std::none_of(alone.begin(), alone.end(), [](const SlabRuns::Memory& slab) { return slab.is_in_run; }));
  CHECK(std::all_of(in_run.begin(), in_run.end(), [](const SlabRuns::Memory& slab) { return slab.is_in_run; }));
  CHECK(calls.made() == 2);
  // Side by side, in the order of their addresses.
  for (std::size_t i = 1; i < in_run.size(); ++i) {
    if (i == SlabRuns::kSlabsInRun) continue;
    CHECK(static_cast<std::byte*>(in_run[i].at) - static_cast<std::byte*>(in_run[i - 1].at) == FrameSlab::kAlignment);
  }
  // A run that has a slab in use stays, and is filled up before there is another.
  weft_test::SeededRandom random;
  const std::size_t kept = random.below(SlabRuns::kSlabsInRun);
  for (std::size_t i = 0; i < SlabRuns::kSlabsInRun; ++i) {
    if (i != kept) runs.give(in_run[i]);
  }
  for (std::size_t i = 0; i < SlabRuns::kSlabsInRun; ++i) {
    if (i != kept) in_run[i] = runs.take();
  }
  CHECK(calls.made() == 2);
  // One without any does not stay: the next one needs a new one.
  for (std::size_t i = 0; i < SlabRuns::kSlabsInRun; ++i) runs.give(in_run[i]);
  in_run.erase(in_run.begin(), in_run.begin() + SlabRuns::kSlabsInRun);
  in_run.push_back(runs.take());
  CHECK(calls.made() == 3);
  // Where there are few again, they are by themselves.
  for (const SlabRuns::Memory& slab : in_run) runs.give(slab);
  runs.give(alone.back());
  alone.back() = runs.take();
  CHECK_FALSE(alone.back().is_in_run);
  for (const SlabRuns::Memory& slab : alone) runs.give(slab);
  CHECK(calls.alive() == 0);
}

TEST_CASE("where no run can be had slabs are by themselves") {
  const RunCalls calls;
  calls.refuse(true);
  SlabRuns runs;
  std::vector<SlabRuns::Memory> slabs;
  for (std::size_t i = 0; i < 2 * SlabRuns::kAloneFirst; ++i) slabs.push_back(runs.take());
  CHECK(std::none_of(slabs.begin(), slabs.end(), [](const SlabRuns::Memory& slab) { return slab.is_in_run; }));
  calls.refuse(false);
  slabs.push_back(runs.take());
  CHECK(slabs.back().is_in_run);
  for (const SlabRuns::Memory& slab : slabs) runs.give(slab);
}

TEST_CASE("free slabs of runs of which others are in use keep their pages up to a bound, and what they hold is lost only then") {
  constexpr std::size_t kRuns = 2 * SlabRuns::kMayKeep / SlabRuns::kSlabsInRun;
  const RunCalls calls;
  SlabRuns runs;
  std::vector<SlabRuns::Memory> alone, in_run;
  for (std::size_t i = 0; i < SlabRuns::kAloneFirst; ++i) alone.push_back(runs.take());
  for (std::size_t i = 0; i < kRuns * SlabRuns::kSlabsInRun; ++i) in_run.push_back(runs.take());
  for (const SlabRuns::Memory& slab : in_run) *static_cast<unsigned char*>(slab.at) = 1;
  // One of each run stays; of the first run the last, so that what describes the run lies in a free slab.
  const auto stays = [](std::size_t i) { return i % SlabRuns::kSlabsInRun == SlabRuns::kSlabsInRun - 1; };
  std::size_t freed = 0;
  for (std::size_t i = 0; i < in_run.size(); ++i) {
    if (stays(i)) continue;
    runs.give(in_run[i]);
    ++freed;
    const std::size_t kept = freed - (calls.given_back() + SlabRuns::kRunBytes / 100) / FrameSlab::kAlignment;
    if (kept > SlabRuns::kMayKeep + SlabRuns::kSlabsInRun && kept > in_run.size() - freed + SlabRuns::kSlabsInRun) FAIL_CHECK(kept);
  }
  CHECK(calls.given_back() > 0);
  CHECK(calls.given_back() < freed * FrameSlab::kAlignment);
  CHECK(std::all_of(in_run.begin(), in_run.end(), [&](const SlabRuns::Memory& slab) {
    return !stays(static_cast<std::size_t>(&slab - in_run.data())) || *static_cast<unsigned char*>(slab.at) == 1;
  }));
  // Whoever takes them again finds them usable.
  for (std::size_t i = 0; i < in_run.size(); ++i) {
    if (stays(i)) continue;
    in_run[i] = runs.take();
    *static_cast<unsigned char*>(in_run[i].at) = 2;
  }
  CHECK(calls.made() == static_cast<int>(kRuns));
  for (const SlabRuns::Memory& slab : in_run) runs.give(slab);
  for (const SlabRuns::Memory& slab : alone) runs.give(slab);
  CHECK(calls.alive() == 0);
}

TEST_CASE("blocks of many slabs, alone and in runs, come and go in any order") {
  constexpr std::size_t kSizeClass = FrameCache::kClasses - 1;
  constexpr std::size_t kSlabs = 3 * SlabRuns::kSlabsInRun + 5;
  const auto depot = std::make_unique<FrameDepot>();
  weft_test::SeededRandom random;
  std::vector<std::size_t*> blocks;
  for (std::size_t i = 0; i < kSlabs * FrameSlab::capacity(kSizeClass); ++i) {
    blocks.push_back(::new (depot->take_one(kSizeClass)) std::size_t{i});
  }
  std::size_t wrong = 0;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t left = blocks.size(); left != 0; --left) {
      std::swap(blocks[random.below(left)], blocks[left - 1]);
      if (round == 1 && left % 3 == 0) continue;
      depot->put_one(kSizeClass, std::exchange(blocks[left - 1], nullptr));
    }
    depot->collect();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] == nullptr) blocks[i] = ::new (depot->take_one(kSizeClass)) std::size_t{i};
      wrong += *blocks[i] < blocks.size() ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
  std::sort(blocks.begin(), blocks.end());
  CHECK(std::adjacent_find(blocks.begin(), blocks.end()) == blocks.end());
  for (std::size_t* const block : blocks) depot->put_one(kSizeClass, block);
  depot->collect();
  CHECK(depot->outstanding() == 0);
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
