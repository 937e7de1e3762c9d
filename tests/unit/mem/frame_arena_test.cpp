#include <catch2/catch.hpp>
#include <weft/mem/frame_arena.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory_resource>
#include <new>
#include <source_location>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mem/frame_page.hpp"
#include "support/aborts.hpp"
#include "support/address.hpp"
#include "support/seeded_random.hpp"
#include "support/skip.hpp"
#include <weft/base/error.hpp>

using weft::FrameArena;
using weft::detail::FrameArea;
using weft::detail::FramePage;
using weft::detail::FrameTag;
using weft_test::address;
using weft_test::check_aborts;

namespace {

constexpr std::size_t kLargest = FrameArea::kLargest;
constexpr std::size_t kPage = 64 * 1024;

/// Makes this thread a worker of the arena.
class OnWorker {
 public:
  explicit OnWorker(FrameArena& arena) : before_(weft::detail::slot_frame_area()) {
    area_.join(arena);
    weft::detail::set_slot_frame_area(&area_);
  }
  OnWorker(const OnWorker&) = delete;
  OnWorker& operator=(const OnWorker&) = delete;
  ~OnWorker() { weft::detail::set_slot_frame_area(before_); }

 private:
  FrameArea area_;
  FrameArea* before_;
};

/// Takes about so much, in blocks that share pages.
void take(FrameArena& arena, std::size_t bytes) {
  constexpr std::size_t kBlock = 1024;
  for (std::size_t taken = 0; taken < bytes; taken += kBlock) std::memset(arena.allocate(kBlock), 1, kBlock);
}

void next_frames(FrameArena& arena, int count) {
  for (int i = 0; i < count; ++i) arena.next_frame();
}

/// Blocks of any size and alignment, each filled with a number of its own.
class FilledBlocks {
 public:
  void add(FrameArena& arena, std::size_t bytes, std::size_t alignment) {
    auto* const block = static_cast<unsigned char*>(arena.allocate(bytes, alignment));
    is_aligned_ = is_aligned_ && address(block) % alignment == 0;
    const auto number = static_cast<unsigned char>(blocks_.size() % 251);
    std::memset(block, number, bytes);
    blocks_.push_back({block, bytes, number});
  }
  [[nodiscard]] bool is_aligned() const { return is_aligned_; }
  [[nodiscard]] bool is_intact() const {
    return std::all_of(blocks_.begin(), blocks_.end(), [](const Block& block) {
      return std::all_of(block.begin, block.begin + block.bytes, [&block](unsigned char byte) { return byte == block.number; });
    });
  }

 private:
  struct Block {
    const unsigned char* begin;
    std::size_t bytes;
    unsigned char number;
  };
  std::vector<Block> blocks_;
  bool is_aligned_ = true;
};

}  // namespace

TEST_CASE("a block on a worker lies behind the one before") {
  if (WEFT_ASAN) return weft_test::skip("AddressSanitizer builds leave room between blocks");
  FrameArena arena;
  const OnWorker worker(arena);
  const std::uintptr_t first = address(arena.allocate(1));
  CHECK(first % FrameArea::kGrain == 0);
  CHECK(address(arena.allocate(17)) == first + 16);
  CHECK(address(arena.allocate(64)) == first + 48);
  CHECK(address(arena.allocate(1, 1)) == first + 112);
}

TEST_CASE("a page is used to its end, and no further") {
  if (WEFT_ASAN) return weft_test::skip("AddressSanitizer builds leave room between blocks");
  constexpr std::size_t kBlocks = (FramePage::kShared - sizeof(FramePage)) / FrameArea::kGrain;
  FrameArena arena;
  const OnWorker worker(arena);
  for (std::size_t i = 0; i < kBlocks; ++i) static_cast<void>(arena.allocate(FrameArea::kGrain));
  CHECK(arena.reserved_bytes() == FramePage::kShared);
  static_cast<void>(arena.allocate(1));
  CHECK(arena.reserved_bytes() == 2 * FramePage::kShared);
}

TEST_CASE("blocks have any alignment that is asked for") {
  FrameArena arena;
  for (const bool on_worker : {true, false}) {
    const auto worker = on_worker ? std::make_unique<OnWorker>(arena) : nullptr;
    for (std::size_t alignment = 1; alignment <= std::size_t{1} << 20; alignment *= 2) {
      static_cast<void>(arena.allocate(1));  // so that the next one is not aligned by chance
      void* const block = arena.allocate(40, alignment);
      CHECK(address(block) % alignment == 0);
      std::memset(block, 1, 40);
    }
  }
}

TEST_CASE("blocks of all sizes, from two workers and from outside, do not overlap until the frame ends") {
  FrameArena arena;
  const OnWorker worker(arena);
  weft_test::SeededRandom random;
  for (int frame = 0; frame < 5; ++frame) {
    FilledBlocks here;
    FilledBlocks there;
    FilledBlocks outside;
    const auto fill = [&arena](FilledBlocks& blocks, weft_test::SeededRandom numbers) {
      for (int i = 0; i < 400; ++i) {
        const std::size_t most = numbers.one_in(30) ? 4 * kLargest : numbers.one_in(4) ? kLargest : 200;
        blocks.add(arena, numbers.below(most), std::size_t{1} << numbers.below(numbers.one_in(20) ? 16 : 7));
      }
    };
    std::thread other([&] {
      const OnWorker other_worker(arena);
      fill(there, weft_test::SeededRandom(2 * static_cast<unsigned>(frame)));
      // Its area ends with it, so it is looked at here.
      CHECK(there.is_aligned());
      CHECK(there.is_intact());
    });
    std::thread stranger([&] { fill(outside, weft_test::SeededRandom(2 * static_cast<unsigned>(frame) + 1)); });
    fill(here, random);
    stranger.join();
    other.join();
    CHECK(here.is_aligned());
    CHECK(here.is_intact());
    CHECK(outside.is_aligned());
    CHECK(outside.is_intact());
    arena.next_frame();
  }
}

TEST_CASE("the next frame uses the memory of the last one, and takes no more") {
  FrameArena arena;
  const OnWorker worker(arena);
  const auto frame = [&arena] {
    const std::uintptr_t first = address(arena.allocate(100));
    take(arena, 10 * kPage);
    const std::uintptr_t large = address(arena.allocate(5 * kLargest));
    return std::pair(first, large);
  };
  const auto first_frame = frame();
  const std::size_t reserved = arena.reserved_bytes();
  CHECK(reserved >= 10 * kPage + 5 * kLargest);
  CHECK(reserved < 13 * kPage + 5 * kLargest);
  bool is_same = true;
  for (int i = 0; i < 200; ++i) {
    arena.next_frame();
    is_same = is_same && frame() == first_frame && arena.reserved_bytes() == reserved;
  }
  CHECK(is_same);
}

TEST_CASE("from outside, too, the next frame takes no more memory") {
  FrameArena arena;
  take(arena, 3 * kPage);
  const std::size_t reserved = arena.reserved_bytes();
  for (int i = 0; i < 200; ++i) {
    arena.next_frame();
    take(arena, 3 * kPage);
  }
  CHECK(arena.reserved_bytes() == reserved);
}

TEST_CASE("a large block takes as many pages of 4 KiB as it needs, and one that is much too large is not used for it") {
  FrameArena arena;
  const OnWorker worker(arena);
  std::memset(arena.allocate(kLargest + 1), 1, kLargest + 1);
  const std::size_t reserved = arena.reserved_bytes();
  CHECK(reserved <= kLargest + 4096);
  arena.next_frame();
  std::memset(arena.allocate(10 * kLargest), 1, 10 * kLargest);
  const std::size_t both = arena.reserved_bytes();
  CHECK(both > reserved + 10 * kLargest);
  arena.next_frame();
  static_cast<void>(arena.allocate(kLargest + 1));
  static_cast<void>(arena.allocate(10 * kLargest));
  CHECK(arena.reserved_bytes() == both);
  static_cast<void>(arena.allocate(kLargest + 1));
  CHECK(arena.reserved_bytes() == both + reserved);
}

TEST_CASE("pages that 64 frames have not needed go back, after 16 more at the latest; those that were needed stay") {
  for (const bool on_worker : {true, false}) {
    FrameArena arena;
    const auto worker = on_worker ? std::make_unique<OnWorker>(arena) : nullptr;
    take(arena, kPage / 2);
    const std::size_t little = arena.reserved_bytes();
    take(arena, 20 * kPage);
    static_cast<void>(arena.allocate(7 * kLargest));
    const std::size_t much = arena.reserved_bytes();
    const auto small_frames = [&arena](int count) {
      for (int i = 0; i < count; ++i) {
        arena.next_frame();
        take(arena, kPage / 2);
      }
    };
    small_frames(64);
    CHECK(arena.reserved_bytes() == much);
    small_frames(17);
    CHECK(arena.reserved_bytes() == little);
    next_frames(arena, 81);
    CHECK(arena.reserved_bytes() == 0);
    take(arena, kPage / 2);
    CHECK(arena.reserved_bytes() == little);
  }
}

TEST_CASE("pages that are needed once in 64 frames stay") {
  FrameArena arena;
  const OnWorker worker(arena);
  const auto big_frame = [&arena] {
    take(arena, 8 * kPage);
    static_cast<void>(arena.allocate(3 * kLargest));
  };
  big_frame();
  const std::size_t reserved = arena.reserved_bytes();
  std::size_t least = reserved;
  for (int i = 0; i < 10; ++i) {
    for (int frame = 0; frame < 64; ++frame) {
      arena.next_frame();
      least = std::min(least, arena.reserved_bytes());
    }
    big_frame();
  }
  CHECK(least == reserved);
  CHECK(arena.reserved_bytes() == reserved);
}

TEST_CASE("a block of no bytes is a block of the arena, too") {
  FrameArena arena;
  CHECK(arena.allocate(0) != nullptr);
  const OnWorker worker(arena);
  CHECK(arena.allocate(0, 1) != nullptr);
  CHECK(arena.make_array<int>(0).empty());
}

TEST_CASE("what no machine has is refused by std::bad_alloc, and the arena goes on") {
  FrameArena arena;
  const OnWorker worker(arena);
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  CHECK_THROWS_AS(arena.allocate(kMost), std::bad_alloc);
  CHECK_THROWS_AS(arena.allocate(kMost - 15), std::bad_alloc);
  CHECK_THROWS_AS(arena.allocate(1, (kMost >> 1) + 1), std::bad_alloc);
  CHECK_THROWS_AS(arena.make_array<int>(kMost / 2), std::bad_array_new_length);
  CHECK(*arena.make<int>(7) == 7);
}

TEST_CASE("make constructs, and make_array begins with zeroes also where there was something else") {
  struct Pair {
    int a;
    double b;
  };
  FrameArena arena;
  const OnWorker worker(arena);
  const Pair* const pair = arena.make<Pair>(Pair{3, 4.5});
  CHECK(pair->a == 3);
  CHECK(pair->b == 4.5);
  std::memset(arena.allocate(2000), 0xee, 2000);
  arena.next_frame();
  const auto numbers = arena.make_array<int>(500);
  CHECK(numbers.size() == 500);
  CHECK(std::all_of(numbers.begin(), numbers.end(), [](int n) { return n == 0; }));
}

TEST_CASE("containers of std::pmr live in an arena") {
  FrameArena arena;
  const OnWorker worker(arena);
  for (int frame = 0; frame < 3; ++frame) {
    {
      std::pmr::vector<std::pmr::string> names(&arena);
      std::pmr::map<int, std::pmr::string> by_number(&arena);
      for (int i = 0; i < 500; ++i) {
        names.emplace_back("a name that is too long to be kept in the string itself ").append(std::to_string(i));
        by_number[i] = names.back();
      }
      CHECK(by_number[77] == names[77]);
      CHECK(names[499].get_allocator().resource() == &arena);
    }
    arena.next_frame();
  }
  FrameArena other;
  const std::pmr::memory_resource& as_resource = arena;
  CHECK(as_resource.is_equal(arena));
  CHECK_FALSE(as_resource.is_equal(other));
}

TEST_CASE("on a worker of one arena another arena is used as from outside") {
  FrameArena arena;
  FrameArena other;
  const OnWorker worker(arena);
  static_cast<void>(arena.allocate(1));
  const std::size_t reserved = arena.reserved_bytes();
  take(other, 2 * kPage);
  CHECK(arena.reserved_bytes() == reserved);
  CHECK(other.reserved_bytes() >= 2 * kPage);
  CHECK(&FrameArena::here() == &arena);
}

TEST_CASE("FrameArena::here is refused outside a runtime, with what to call instead") {
  CHECK_THROWS_AS(FrameArena::here(), weft::UsageError);
  CHECK_THROWS_WITH(FrameArena::here(), Catch::Contains("Runtime::frame"));
}

TEST_CASE("a frame whose work has ended may end, wherever it was started and ended") {
  FrameArena arena;
  const OnWorker worker(arena);
  arena.work_started(nullptr);
  std::thread([&arena] { arena.work_ended(); }).join();
  arena.next_frame();
  std::thread([&arena] { arena.work_started(arena.make<FrameTag>(std::source_location::current())); }).join();
  arena.work_ended();
  arena.next_frame();
}

TEST_CASE("next_frame aborts while work of the frame is left, with how much") {
  check_aborts("before work of the frame had ended (2 jobs or tasks)", [] {
    FrameArena arena;
    const OnWorker worker(arena);
    for (int i = 0; i < 3; ++i) arena.work_started(nullptr);
    arena.work_ended();
    arena.next_frame();
  });
}

TEST_CASE("next_frame names the place of work that is left, not of what has ended") {
  for (const bool on_worker : {true, false}) {
    const auto work = [](FrameArena& arena, const std::source_location& where) {
      auto* const tag = arena.make<FrameTag>(where);
      arena.work_started(tag);
      return tag;
    };
    const auto is_left = std::source_location::current();
    const std::string place = "frame_arena_test.cpp:" + std::to_string(is_left.line());
    check_aborts(place, [&] {
      FrameArena arena;
      const auto worker = on_worker ? std::make_unique<OnWorker>(arena) : nullptr;
      FrameTag* const before = work(arena, std::source_location::current());
      work(arena, is_left);
      FrameTag* const after = work(arena, std::source_location::current());
      for (FrameTag* const tag : {before, after}) {
        tag->end();
        arena.work_ended();
      }
      arena.next_frame();
    });
  }
}

TEST_CASE("next_frame names nothing of an earlier frame") {
  check_aborts("is known if that code", [] {
    FrameArena arena;
    const OnWorker worker(arena);
    auto* const tag = arena.make<FrameTag>(std::source_location::current());
    arena.work_started(tag);
    tag->end();
    arena.work_ended();
    arena.next_frame();
    static_cast<void>(arena.make_array<int>(100));  // where the tag was
    arena.work_started(nullptr);
    arena.next_frame();
  });
}

#if WEFT_ASAN
TEST_CASE("AddressSanitizer reports what is used after its frame, after deallocate, and beyond its end") {
  struct Mistake {
    const char* name;
    void (*make)(FrameArena&);
  };
  const Mistake mistakes[] = {
      {"after the frame",
       [](FrameArena& arena) {
         auto* const p = static_cast<volatile char*>(arena.allocate(24));
         arena.next_frame();
         p[23] = 1;
       }},
      {"after the frame, on a page that the next one has begun",
       [](FrameArena& arena) {
         static_cast<void>(arena.allocate(1000));
         auto* const p = static_cast<volatile char*>(arena.allocate(24));
         arena.next_frame();
         static_cast<void>(arena.allocate(1000));
         p[0] = 1;
       }},
      {"a large block after the frame",
       [](FrameArena& arena) {
         auto* const p = static_cast<volatile char*>(arena.allocate(3 * kLargest));
         arena.next_frame();
         p[2 * kLargest] = 1;
       }},
      {"after deallocate",
       [](FrameArena& arena) {
         std::pmr::vector<int> numbers(100, 1, &arena);
         volatile int* const p = numbers.data();
         numbers.resize(101);
         p[50] = 1;
       }},
      {"one byte too far",
       [](FrameArena& arena) {
         auto* const p = static_cast<volatile char*>(arena.allocate(24));
         static_cast<void>(arena.allocate(24));
         p[24] = 1;
       }},
  };
  for (const auto& [name, make] : mistakes) {
    for (const bool on_worker : {true, false}) {
      INFO(name << (on_worker ? "" : ", from outside"));
      check_aborts("use-after-poison", [&, mistake = make] {
        FrameArena arena;
        const auto worker = on_worker ? std::make_unique<OnWorker>(arena) : nullptr;
        mistake(arena);
      });
    }
  }
}

TEST_CASE("AddressSanitizer lets each frame use what the last one used") {
  FrameArena arena;
  const OnWorker worker(arena);
  for (int frame = 0; frame < 100; ++frame) {
    FilledBlocks blocks;
    for (std::size_t bytes = 0; bytes < 3 * kLargest; bytes += 977) blocks.add(arena, bytes, 8);
    CHECK(blocks.is_intact());
    arena.next_frame();
  }
}
#endif
