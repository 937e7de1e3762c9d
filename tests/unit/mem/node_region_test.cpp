#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "mem/node_region.hpp"
#include "mem/region_memory.hpp"
#include "support/address.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "support/seeded_random.hpp"

using weft::NodeRegion;
using weft::RegionMemory;
using weft_test::address;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// What the kernel is asked here, for the time of one test.
struct Asked {
  std::size_t refused_above = ~std::size_t{0};  // reserve() of more fails
  bool allows = true;
  std::optional<unsigned> bound_to;
  std::size_t given_back = 0;
  std::size_t page_size = 4096;
  bool are_whole_pages = true;  // all that was given back
  std::size_t populated = 0;
  std::size_t huge = 0;
  int node_of_pages = 0;
  std::size_t pages_asked = 0;
};
Asked asked;

class ReplacedRegionMemory {
 public:
  ReplacedRegionMemory() : before_(weft::region_memory) {
    asked = Asked{};
    real = before_;
    weft::region_memory.reserve = [](std::size_t bytes) noexcept -> void* { return bytes <= asked.refused_above ? real.reserve(bytes) : nullptr; };
    weft::region_memory.allow = [](void* memory, std::size_t bytes) noexcept { return asked.allows ? real.allow(memory, bytes) : -1; };
    weft::region_memory.bind = [](void*, std::size_t, unsigned node) noexcept {
      asked.bound_to = node;
      return 0;
    };
    weft::region_memory.give_back = [](void* memory, std::size_t bytes) noexcept {
      asked.given_back += bytes;
      if ((address(memory) | bytes) % asked.page_size != 0) asked.are_whole_pages = false;
      return real.give_back(memory, bytes);
    };
    weft::region_memory.populate = [](void* memory, std::size_t bytes) noexcept {
      asked.populated += bytes;
      return real.populate(memory, bytes);
    };
    weft::region_memory.use_huge_pages = [](void*, std::size_t bytes) noexcept {
      asked.huge = bytes;
      return 0;
    };
    weft::region_memory.page_size = []() noexcept { return asked.page_size; };
    weft::region_memory.nodes_of = [](void**, std::size_t count, int* nodes) noexcept {
      asked.pages_asked += count;
      for (std::size_t i = 0; i < count; ++i) nodes[i] = i % 2 != 0 ? -2 : i % 8 != 0 ? 3 : asked.node_of_pages;
      return 0;
    };
  }
  ReplacedRegionMemory(const ReplacedRegionMemory&) = delete;
  ReplacedRegionMemory& operator=(const ReplacedRegionMemory&) = delete;
  ~ReplacedRegionMemory() { weft::region_memory = before_; }

 private:
  static inline RegionMemory real{};
  const RegionMemory before_;
};

std::unique_ptr<NodeRegion> reserved_region(std::size_t most = std::min(NodeRegion::kMostBytes, weft::address_space_for_a_node())) {
  auto region = std::make_unique<NodeRegion>();
  REQUIRE(region->reserve(most));
  return region;
}

}  // namespace

TEST_CASE("a node takes addresses for twice the memory of the machine, up to a power of two, and not more") {
  struct sysinfo machine{};
  REQUIRE(::sysinfo(&machine) == 0);
  const std::size_t memory = std::size_t{machine.totalram} * machine.mem_unit;
  const std::size_t taken = weft::address_space_for_a_node();
  CHECK(std::has_single_bit(taken));
  CHECK(taken < 4 * memory);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_AS, &limit) == 0);
  if (limit.rlim_cur == RLIM_INFINITY) CHECK(taken >= 2 * memory);
}

TEST_CASE("a run is inside the range and aligned to its size, and its memory is there") {
  const auto region = reserved_region();
  for (std::size_t bytes = 1; bytes <= 8 * kMiB; bytes = 2 * bytes + 1) {
    auto* const run = static_cast<std::byte*>(region->take(bytes));
    REQUIRE(run != nullptr);
    std::size_t size = NodeRegion::kUnit;
    while (size < bytes) size *= 2;
    CHECK(address(run) % size == 0);
    CHECK(address(run) - region->begin() < region->bytes());
    CHECK(address(run) + size - region->begin() <= region->bytes());
    run[0] = run[bytes - 1] = std::byte{1};
  }
}

TEST_CASE("runs that are all back are one again") {
  const auto region = reserved_region(64 * kMiB);
  weft_test::SeededRandom random;
  std::vector<void*> runs;
  while (void* const run = region->take(kMiB / 4)) runs.push_back(run);
  CHECK(region->take(16 * kMiB) == nullptr);
  std::shuffle(runs.begin(), runs.end(), random);
  for (void* const run : runs) region->give(run, kMiB / 4);
  CHECK(region->take(16 * kMiB) != nullptr);
}

TEST_CASE("runs in use do not overlap") {
  const auto region = reserved_region(64 * kMiB);
  struct Run {
    std::uint64_t* words;
    std::size_t bytes;
    std::uint64_t number;
  };
  std::vector<Run> runs;
  weft_test::SeededRandom random;
  std::uint64_t number = 0;
  bool is_intact = true;
  const auto give = [&](std::size_t i) {
    const Run run = runs[i];
    is_intact = is_intact && run.words[0] == run.number && run.words[run.bytes / sizeof(std::uint64_t) - 1] == run.number;
    region->give(run.words, run.bytes);
    runs[i] = runs.back();
    runs.pop_back();
  };
  for (int step = 0; step < 20'000; ++step) {
    if (random.one_in(2)) {
      const std::size_t bytes = 8 * (1 + random.below(random.one_in(20) ? 200'000 : 3000));
      auto* const words = static_cast<std::uint64_t*>(region->take(bytes));
      if (words == nullptr) continue;  // the range is full
      words[0] = words[bytes / sizeof *words - 1] = ++number;
      runs.push_back({words, bytes, number});
    } else if (!runs.empty()) {
      give(random.below(runs.size()));
    }
  }
  while (!runs.empty()) give(runs.size() - 1);
  CHECK(is_intact);
}

TEST_CASE("a range that is full has no more runs, and has some again when one comes back") {
  const auto region = reserved_region(64 * kMiB);
  std::vector<void*> runs;
  while (void* const run = region->take(kMiB)) runs.push_back(run);
  CHECK(runs.size() >= 56);
  CHECK(region->take(1) == nullptr);
  region->give(runs.back(), kMiB);
  CHECK(region->take(kMiB) == runs.back());
  CHECK(region->take(64 * kMiB) == nullptr);
}

TEST_CASE("address space that is refused is asked for again in smaller pieces, down to none") {
  const ReplacedRegionMemory replaced;
  asked.refused_above = 300 * kMiB;
  CHECK(reserved_region()->bytes() == 128 * kMiB);
  asked.refused_above = 100 * kMiB;
  NodeRegion none;
  CHECK_FALSE(none.reserve());
  CHECK_FALSE(none.has_range());
  CHECK(none.take(1) == nullptr);
  none.use_huge_pages();
  none.prefault(kMiB);
  CHECK(asked.populated == 0);
}

TEST_CASE("memory that the system refuses is none, and is there when it grants it again") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  asked.allows = false;
  CHECK(region->take(1) == nullptr);
  asked.allows = true;
  auto* const run = static_cast<std::byte*>(region->take(1));
  REQUIRE(run != nullptr);
  *run = std::byte{1};
  asked.allows = false;
  CHECK(region->take(100) != nullptr);  // of what is open already
  CHECK(region->take(2 * NodeRegion::kChunk) == nullptr);
}

TEST_CASE("free memory is kept up to 16 MiB, and what is more goes back to the system") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  std::vector<void*> runs;
  for (int i = 0; i < 64; ++i) runs.push_back(region->take(kMiB));
  for (void* const run : runs) region->give(run, kMiB);
  CHECK(region->kept_bytes() == NodeRegion::kMayKeepBytes);
  CHECK(asked.given_back == 48 * kMiB);
  for (void*& run : runs) run = region->take(kMiB);
  CHECK(region->kept_bytes() == 0);
}

TEST_CASE("only whole pages go back to the system, for what is beside a run in its page is somebody else's") {
  const ReplacedRegionMemory replaced;
  asked.page_size = 64 << 10;
  const auto region = reserved_region();
  constexpr std::size_t kMuch = 2 * NodeRegion::kMayKeepBytes;
  for (const std::size_t size : {std::size_t{4096}, std::size_t{32} << 10, std::size_t{64} << 10}) {
    std::vector<std::uint64_t*> runs;
    for (std::size_t i = 0; i < kMuch / size; ++i) runs.push_back(static_cast<std::uint64_t*>(region->take(size)));
    for (std::size_t i = 0; i < runs.size(); ++i) *runs[i] = i;
    for (std::size_t i = 0; i < runs.size(); i += 2) region->give(runs[i], size);
    bool are_there = true;
    for (std::size_t i = 1; i < runs.size(); i += 2) are_there = are_there && *runs[i] == i;
    CHECK(are_there);
    for (std::size_t i = 1; i < runs.size(); i += 2) region->give(runs[i], size);
  }
  CHECK(asked.are_whole_pages);
  CHECK(asked.given_back > 0);
}

TEST_CASE("memory that was asked for beforehand has its pages once, is used first, and is kept") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  region->prefault(32 * kMiB);
  region->prefault(20 * kMiB);
  CHECK(asked.populated == 32 * kMiB);
  region->prefault(33 * kMiB);
  CHECK(asked.populated == 32 * kMiB + NodeRegion::kChunk);
  const std::size_t opened = region->opened_bytes();
  std::vector<void*> runs;
  for (int i = 0; i < 32; ++i) runs.push_back(region->take(kMiB));
  CHECK(region->opened_bytes() == opened);
  for (void* const run : runs) region->give(run, kMiB);
  CHECK(asked.given_back == 0);
}

TEST_CASE("free memory without pages gets them first when some is asked for beforehand") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  static_cast<void>(region->take(1));
  const std::size_t opened = region->opened_bytes();
  const std::size_t free = opened - NodeRegion::kUnit;
  region->prefault(free);
  CHECK(asked.populated == free);
  CHECK(region->kept_bytes() == free);
  CHECK(region->opened_bytes() == opened);
}

TEST_CASE("free memory of which a part has pages gets the rest when some is asked for beforehand") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  void* const large = region->take(8 * kMiB);
  void* const small = region->take(kMiB);
  region->give(large, 8 * kMiB);
  region->give(small, kMiB);
  CHECK(region->kept_bytes() == 9 * kMiB);
  const std::size_t opened = region->opened_bytes();
  region->prefault(opened - 9 * kMiB);
  CHECK(region->kept_bytes() == opened);
  CHECK(region->opened_bytes() == opened);
}

TEST_CASE("all of the range is bound, and all of it is asked to use huge pages") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  CHECK(region->bind_to(5));
  CHECK(asked.bound_to == 5U);
  region->use_huge_pages();
  CHECK(asked.huge == region->bytes());
}

TEST_CASE("the share elsewhere counts the pages that there are, and asks for a bounded number") {
  const ReplacedRegionMemory replaced;
  const auto region = reserved_region();
  CHECK(region->share_elsewhere(0) == 0);
  CHECK(asked.pages_asked == 0);
  static_cast<void>(region->take(kMiB));
  CHECK(region->share_elsewhere(0) == 0.75);  // of eight pages four are nowhere, and three of the others on node 3
  CHECK(region->share_elsewhere(3) == 0.25);
  asked.pages_asked = 0;
  if (region->take(std::size_t{1} << 30) == nullptr) return;  // ThreadSanitizer has less room
  CHECK(region->share_elsewhere(3) == 0.25);
  CHECK(asked.pages_asked > 32768);
  CHECK(asked.pages_asked <= 65536);
}
