// Which idle stacks keep their memory. The kernel is asked for it.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
#include "fiber/sanitizer.hpp"
#include "support/manual_clock.hpp"
#include "support/residence.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

using weft::Counter;
using weft::Fiber;
using weft::FiberDepot;
using weft::on_fiber;
using weft::Runtime;
using weft::StackSize;
using weft::Task;
using weft_test::is_resident;
using weft_test::ManualClock;
using namespace std::chrono_literals;
using Fibers = std::vector<Fiber*>;

namespace {

constexpr std::size_t kStackSize = std::size_t{2} << 20;
constexpr std::size_t kKept = std::size_t{64} << 20;  // as lib/fiber/README.md says
constexpr auto kMemoryRests = 2s;

bool has_memory(const Fiber* fiber) { return is_resident(fiber->stack_end() - 1); }

std::ptrdiff_t with_memory(const Fibers& fibers) { return std::count_if(fibers.begin(), fibers.end(), has_memory); }

/// One of them: this thread may go to another node.
FiberDepot& depot() {
  static FiberDepot& first = FiberDepot::here();
  return first;
}

/// Uses the first byte of a stack, which to AddressSanitizer may belong to the fiber before.
WEFT_NO_SANITIZER void touch(const Fiber& fiber) {
  const weft::UnseenByValgrind unseen;
  *static_cast<volatile std::byte*>(fiber.stack_end() - 1) = std::byte{1};
}

Fibers take(std::size_t count, std::size_t stack_size) {
  Fibers taken;
  while (taken.size() < count) {
    taken.push_back(depot().take(StackSize::class_of(stack_size), 1).first);
    touch(*taken.back());
  }
  return taken;
}

void put_home(const Fibers& fibers) {
  for (Fiber* const fiber : fibers) FiberDepot::put_home(*fiber);
}

/// Gives back the memory of all that is idle now.
void clean_all() {
  FiberDepot::clean_unused();
  FiberDepot::clean_unused();
}

}  // namespace

TEST_CASE("the memory of stacks that nobody has used since the last call is given back, and that of no others") {
  clean_all();
  const Fibers all = take(10, kStackSize);
  put_home(all);
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 10);  // used since

  const Fibers used = take(3, kStackSize);
  put_home(used);
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 3);
  CHECK(with_memory(used) == 3);

  put_home(take(1, kStackSize));
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 1);

  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 0);
}

TEST_CASE("stacks that are out while others are given back are kept when they come home") {
  clean_all();
  const Fibers all = take(10, kStackSize);
  put_home(all);
  FiberDepot::clean_unused();
  const Fibers out = take(4, kStackSize);
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 4);
  put_home(out);
  CHECK(with_memory(all) == 4);
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 4);  // they have come home since
  FiberDepot::clean_unused();
  CHECK(with_memory(all) == 0);
}

TEST_CASE("stacks with memory are handed out before those without, and those before new ones") {
  clean_all();
  const Fibers warm = take(2, kStackSize);
  const Fibers cold = take(2, kStackSize);
  put_home(cold);
  clean_all();
  put_home(warm);
  Fibers taken = take(2, kStackSize);
  CHECK(std::is_permutation(taken.begin(), taken.end(), warm.begin(), warm.end()));
  const std::uint32_t size_class = StackSize::class_of(kStackSize);
  Fiber* const next = depot().take(size_class, 1).first;
  CHECK_FALSE(has_memory(next));
  FiberDepot::put_home(*next);
  put_home(taken);
}

TEST_CASE("fibers run on stacks whose memory was given back") {
  clean_all();
  const Fibers all = take(4, kStackSize);
  put_home(all);
  clean_all();
  REQUIRE(with_memory(all) == 0);
  Runtime rt{{.workers = 1}};
  const std::byte* end = nullptr;
  Counter counter;
  rt.spawn_fiber(
      [&end] {
        weft::this_fiber::yield();
        end = weft::current_fiber()->stack_end();
      },
      counter, {.stack_size = kStackSize});
  counter.wait();
  REQUIRE(end != nullptr);
  CHECK(is_resident(end - 1));
  CHECK(rt.run(on_fiber([] { return weft::this_fiber::high_water_mark(); }, {.stack_size = kStackSize, .paint = true})) > 0);
}

TEST_CASE("a depot keeps 64 MiB of stacks with their memory, but four of them at least") {
  for (const std::size_t stack_size : {std::size_t{4} << 20, std::size_t{32} << 20}) {
    const std::size_t most = std::max<std::size_t>(kKept / stack_size, 4);
    clean_all();
    const Fibers all = take(most + 3, stack_size);
    put_home(all);
    CHECK(with_memory(all) == static_cast<std::ptrdiff_t>(most));
    clean_all();
    CHECK(with_memory(all) == 0);
  }
}

TEST_CASE("a runtime gives the memory of stacks back that have been idle for two seconds") {
  clean_all();
  ManualClock clock;
  Runtime rt{{.workers = 1, .report_blocking_after = 0ms}};
  const Fibers all = take(4, kStackSize);
  put_home(all);
  while (with_memory(all) != 0) {
    clock.advance(kMemoryRests);
    rt.run([]() -> Task<> { co_await weft::blocking([] {}); });  // wakes the watcher
  }
  CHECK(with_memory(all) == 0);
}
