// The kernel refuses stacks from the n-th on, for every n: whoever waits for a fiber without a stack is told, and the runtime goes on.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
#include "support/counted.hpp"
#include "support/replaced_stack_memory.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using Catch::Matchers::Contains;
using weft::Counter;
using weft::Fiber;
using weft::FiberCache;
using weft::FiberDepot;
using weft::LimitError;
using weft::on_fiber;
using weft::Runtime;
using weft::StackMemory;
using weft::StackSize;
using weft::StackSlab;
using weft_test::Counted;
using weft_test::ReplacedStackMemory;
namespace this_fiber = weft::this_fiber;

namespace {

// Sizes that nothing else here uses, so that none is kept anywhere at first.
constexpr std::size_t kMappedSize = std::size_t{256} << 10;
constexpr std::size_t kGuardedSize = std::size_t{512} << 10;
constexpr std::size_t kCachedSize = std::size_t{128} << 10;
constexpr std::size_t kRestedSize = std::size_t{64} << 20;

constinit std::atomic<int> granted{0};  // calls that still succeed
constinit StackMemory original{};

bool is_granted() {
  if (granted.fetch_sub(1) > 0) return true;
  errno = ENOMEM;
  return false;
}

/// Grants so many slabs of one stack each.
StackMemory limited_slabs() {
  original = weft::stack_memory;
  StackMemory memory = original;
  memory.map = [](std::size_t bytes) noexcept -> void* {
    return bytes < 2 * (kMappedSize * StackSize::kFactor + StackSlab::guard_bytes(false)) && is_granted() ? original.map(bytes) : nullptr;
  };
  return memory;
}

/// Grants so many guards.
StackMemory limited_guards() {
  original = weft::stack_memory;
  StackMemory memory = original;
  memory.guard = [](void*, std::size_t) noexcept { return -1; };
  memory.protect = [](void* begin, std::size_t bytes) noexcept { return is_granted() ? original.protect(begin, bytes) : -1; };
  return memory;
}

/// Has that many fibers at once, and returns how many of them could be had.
int fibers_at_once(std::size_t stack_size, int count, std::string& said) {
  Runtime rt{{.workers = 1}};
  Counter gate(1), done;
  std::atomic<unsigned> waiting{0};
  for (int i = 0; i < count; ++i) {
    rt.spawn_fiber(
        [&gate, &waiting, lives = Counted()] {
          waiting.fetch_add(1);
          gate.wait();
        },
        done, {.stack_size = stack_size});
  }
  while (waiting.load() < done.value()) std::this_thread::yield();  // each waits, or has failed
  // The others go on as if nothing had happened.
  Counter others;
  int ran = 0;
  rt.spawn([&ran] { ++ran; }, others);
  others.wait();
  rt.spawn_fiber([&ran] { ++ran; }, others);
  others.wait();
  CHECK(ran == 2);
  gate.sub();
  try {
    done.wait();
    said.clear();
  } catch (const LimitError& error) {
    said = error.what();
  }
  return static_cast<int>(waiting.load());
}

/// Grants one more at a time, until all fibers have a stack.
void grant_one_by_one(const StackMemory& memory, std::size_t stack_size, const char* words) {
  constexpr int kFibers = 20;
  constexpr int kMostRounds = 20 * kFibers;  // stacks of one node are not used on another
  const int alive = Counted::alive();
  const std::size_t outstanding = FiberDepot::outstanding();
  {
    Runtime rt{{.workers = 1}};
    CHECK(rt.run(on_fiber([] { return 1; })) == 1);  // a stack of the default size, which the others use
  }
  int had = 0;
  for (int round = 0; round < kMostRounds && had < kFibers; ++round) {
    const ReplacedStackMemory replaced(memory);
    granted.store(round != 0 ? 1 : 0);
    std::string said;
    had = fibers_at_once(stack_size, kFibers, said);
    INFO("round " << round);
    if (round == 0) REQUIRE(had == 0);
    REQUIRE(had <= round);
    if (had < kFibers) {
      REQUIRE_THAT(said, Contains(words));
    } else {
      REQUIRE(said == "");
    }
    REQUIRE(Counted::alive() == alive);
    REQUIRE(FiberDepot::outstanding() == outstanding);
  }
  CHECK(had == kFibers);
}

}  // namespace

TEST_CASE("fibers for which there is no address space fail, whichever of them it is, and all else runs") {
  grant_one_by_one(limited_slabs(), kMappedSize, "no address space");
}

TEST_CASE("the limit that refuses a stack is named: that of address space, or that of locked memory") {
  constexpr std::size_t kStack = std::size_t{64} << 10;
  StackMemory memory = weft::stack_memory;
  memory.map = [](std::size_t) noexcept -> void* {
    errno = ENOMEM;
    return nullptr;
  };
  {
    const ReplacedStackMemory replaced(memory);
    CHECK_THROWS_WITH(StackSlab(kStack, false, kStack), Contains("ulimit -v") && !Contains("ulimit -l"));
  }
  memory.map = [](std::size_t) noexcept -> void* {
    errno = EAGAIN;
    return nullptr;
  };
  const ReplacedStackMemory replaced(memory);
  CHECK_THROWS_WITH(StackSlab(kStack, false, kStack), Contains("ulimit -l") && !Contains("ulimit -v"));
}

TEST_CASE("fibers for which there is no guard fail, whichever of them it is, and all else runs") {
  grant_one_by_one(limited_guards(), kGuardedSize, "vm.max_map_count");
}

TEST_CASE("stacks that can be had are handed out although the next one cannot") {
  const std::uint32_t size_class = StackSize::class_of(kCachedSize);
  const std::size_t outstanding = FiberDepot::outstanding();
  {
    FiberCache cache;  // takes several at once
    const ReplacedStackMemory replaced(limited_guards());
    granted.store(3);
    for (int i = 0; i < 3; ++i) cache.put(cache.take(size_class));
    CHECK(FiberDepot::outstanding() == outstanding + 3);
    std::vector<Fiber*> taken;
    for (int i = 0; i < 3; ++i) taken.push_back(&cache.take(size_class));
    CHECK_THROWS_AS(cache.take(size_class), LimitError);
    granted.store(1);
    taken.push_back(&cache.take(size_class));
    CHECK(FiberDepot::outstanding() == outstanding + 4);
    for (Fiber* const fiber : taken) cache.put(*fiber);
  }
  CHECK(FiberDepot::outstanding() == outstanding);
}

TEST_CASE("a worker that rests and cannot get the stacks that it would like keeps those that it has") {
  const std::uint32_t size_class = StackSize::class_of(kRestedSize);
  FiberCache cache;
  std::vector<Fiber*> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(&cache.take(size_class));
  const std::size_t outstanding = FiberDepot::outstanding();
  {
    const ReplacedStackMemory replaced(limited_guards());
    granted.store(0);
    cache.rest();
  }
  CHECK(granted.load() < 0);
  CHECK(FiberDepot::outstanding() == outstanding);
  for (Fiber* const fiber : taken) cache.put(*fiber);
  CHECK(&cache.take(size_class) == taken.back());
  FiberDepot::put_home(*taken.back());
}

TEST_CASE("advice that the kernel does not take changes nothing") {
  StackMemory memory = weft::stack_memory;
  memory.populate = [](void*, std::size_t) noexcept { return -1; };
  memory.use_huge_pages = [](void*, std::size_t) noexcept { return -1; };
  memory.give_back = [](void*, std::size_t) noexcept { return -1; };
  const ReplacedStackMemory replaced(memory);
  for (int round = 0; round < 2; ++round) {
    Runtime rt{{.workers = 1, .fiber_stack_size = 2 << 20, .prefault_fiber_stacks = true, .huge_fiber_stacks = true}};
    CHECK(rt.run(on_fiber([] { return 3; })) == 3);
    FiberDepot::clean_unused();
  }
}
