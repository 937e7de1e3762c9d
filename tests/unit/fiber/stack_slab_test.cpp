// Stacks and what the kernel may refuse. The system calls are replaced where they are to fail.
#include <catch2/catch.hpp>

#include "fiber/fiber_depot.hpp"
#include "fiber/sanitizer.hpp"
#include "fiber/stack_slab.hpp"
#include "guard_advice.hpp"
#include "support/many.hpp"
#include "support/process_memory.hpp"
#include "support/replaced_stack_memory.hpp"
#include "support/skip.hpp"

#include <weft/weft.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <vector>

using Catch::Matchers::Contains;
using weft::Counter;
using weft::Fiber;
using weft::FiberDepot;
using weft::LimitError;
using weft::on_fiber;
using weft::Runtime;
using weft::StackMemory;
using weft::StackSize;
using weft::StackSlab;
using weft_test::mappings;
using Replaced = weft_test::ReplacedStackMemory;
namespace this_fiber = weft::this_fiber;

namespace {

int refuse(void*, std::size_t) noexcept {
  errno = ENOMEM;
  return -1;
}
int too_old(void*, std::size_t) noexcept {
  errno = EINVAL;
  return -1;
}
void* no_memory(std::size_t) noexcept {
  errno = ENOMEM;
  return nullptr;
}

/// A size of stack that nothing else here uses, so that none is kept anywhere.
constexpr std::size_t kUnused = StackSize::kLargest;

}  // namespace

TEST_CASE("sizes of stacks are rounded up to a power of two") {
  CHECK(StackSize::bytes_of(StackSize::class_of(1)) == StackSize::kSmallest);
  CHECK(StackSize::class_of(StackSize::kSmallest) == 0);
  CHECK(StackSize::class_of(StackSize::kSmallest + 1) == 1);
  CHECK(StackSize::bytes_of(StackSize::class_of(65'536)) == 65'536);
  CHECK(StackSize::bytes_of(StackSize::class_of(65'537)) == 131'072);
  CHECK(StackSize::class_of(StackSize::kLargest) == StackSize::kClasses - 1);
  CHECK(StackSize::huge(StackSize::class_of(65'536)) == StackSize::class_of(65'536));
  CHECK(StackSize::is_huge(StackSize::huge(StackSize::class_of(4 << 20))));
  CHECK(StackSize::bytes_of(StackSize::huge(StackSize::class_of(4 << 20))) == 4 << 20);
}

TEST_CASE("stacks lie an odd number of pages apart, with at least their guard between them") {
  const long page = ::sysconf(_SC_PAGESIZE);
  for (std::uint32_t size_class = 0; size_class < 4; ++size_class) {
    StackSlab slab(StackSize::bytes_of(size_class));
    const Fiber* before = nullptr;
    for (int i = 0; i < 20; ++i) {
      const Fiber* const fiber = slab.make(size_class, 0);
      REQUIRE(fiber != nullptr);
      CHECK(fiber->stack_size() == StackSize::bytes_of(size_class));
      if (before != nullptr) {
        CHECK(static_cast<std::size_t>(fiber->stack_begin() - before->stack_end()) >= StackSlab::guard_bytes(false));
        CHECK((fiber->stack_end() - before->stack_end()) / page % 2 == 1);
      }
      before = fiber;
    }
  }
}

TEST_CASE("the guard of a stack on huge pages takes all that lies between it and the one below") {
  const std::uint32_t size_class = StackSize::huge(StackSize::class_of(2 << 20));
  StackSlab slab(2 << 20, true);
  const Fiber* const below = slab.make(size_class, 0);
  const Fiber* const fiber = slab.make(size_class, 0);
  CHECK(StackSlab::is_in_guard_of(*fiber, below->stack_end()));
  CHECK(StackSlab::is_in_guard_of(*fiber, fiber->stack_begin() - 1));
  CHECK_FALSE(StackSlab::is_in_guard_of(*fiber, below->stack_end() - 1));
  CHECK_FALSE(StackSlab::is_in_guard_of(*fiber, fiber->stack_begin()));
  // What is inaccessible to the kernel is a guard: it would copy from anything else.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  for (const std::byte* const byte : {below->stack_end(), fiber->stack_begin() - 1}) CHECK(::write(ends[1], byte, 1) == -1);
  CHECK(::write(ends[1], fiber->stack_begin(), 1) == 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("each slab is as large as all before it, and the first has 64 MiB") {
  if (weft::is_on_valgrind()) {
    weft_test::skip("under Valgrind all slabs have 64 MiB");
    return;
  }
  static const StackMemory original = weft::stack_memory;
  static std::vector<std::size_t> asked;
  StackMemory memory = weft::stack_memory;
  memory.map = [](std::size_t bytes) noexcept {
    asked.push_back(bytes);
    return original.map(bytes);
  };
  const Replaced replaced(memory);
  constexpr int kFibers = 40;
  constexpr std::size_t kStack = std::size_t{16} << 20;  // nothing else here uses this size
  {
    Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(0)}};
    Counter gate(1), done;
    int begun = 0;
    for (int i = 0; i < kFibers; ++i) {
      rt.spawn_fiber([&] { ++begun == kFibers ? gate.sub() : gate.wait(); }, done, {.stack_size = kStack});
    }
    done.wait();
  }
  // With a sanitizer the first has room for one stack, and is larger.
  constexpr std::size_t kOne = StackSize::kFactor * kStack + (std::size_t{1} << 20);
  std::size_t before = 0;
  for (const std::size_t bytes : asked) {
    CHECK(bytes <= std::max({StackSlab::kFirstBytes, before, kOne}));
    CHECK(bytes + 2 * StackSize::kFactor * kStack > std::max(StackSlab::kFirstBytes, before));
    before += bytes;
  }
  CHECK(before > kFibers * kStack);
}

TEST_CASE("a thousand stacks with their guards are one mapping, where the kernel has the advice for it") {
  if (!weft_test::guards_take_no_mappings()) {
    weft_test::skip("this kernel has no MADV_GUARD_INSTALL");
    return;
  }
  constexpr std::size_t kStacks = 1000;
  const std::size_t before = mappings();
  StackSlab slab(64 << 10, false, std::size_t{1} << 30);
  for (std::size_t i = 0; i < kStacks; ++i) static_cast<void>(slab.make(2, 0));
  CHECK(slab.made() == kStacks);
  CHECK(mappings() <= before + 10);  // a sanitizer has mappings of its own for what was touched
}

TEST_CASE("on an older kernel each guard is protected, and is there") {
  StackMemory memory = weft::stack_memory;
  memory.guard = too_old;
  const Replaced replaced(memory);
  StackSlab slab(64 << 10);
  const std::size_t before = mappings();
  for (int i = 0; i < 10; ++i) static_cast<void>(slab.make(2, 0));
  CHECK(mappings() >= before + 19);
}

TEST_CASE("a guard that cannot be had is an error that names the limit, and no stack is handed out without it") {
  StackMemory memory = weft::stack_memory;
  memory.guard = too_old;
  memory.protect = refuse;
  StackSlab slab(64 << 10);
  {
    const Replaced replaced(memory);
    CHECK_THROWS_WITH(slab.make(2, 0), Contains("vm.max_map_count") && Contains("number 1"));
    CHECK(slab.made() == 0);
  }
  CHECK(slab.make(2, 0) != nullptr);
  CHECK(slab.made() == 1);
}

TEST_CASE("address space that is refused is asked for in smaller pieces, and in the end it is an error") {
  static const StackMemory original = weft::stack_memory;
  StackMemory memory = weft::stack_memory;
  memory.map = [](std::size_t bytes) noexcept { return bytes < 4 << 20 ? original.map(bytes) : no_memory(bytes); };
  {
    const Replaced replaced(memory);
    const StackSlab slab(64 << 10);
    CHECK(slab.capacity() > 0);
    CHECK(slab.capacity() < 64);
  }
  memory.map = no_memory;
  const Replaced replaced(memory);
  CHECK_THROWS_WITH(StackSlab(64 << 10), Contains("no address space") && Contains("64 KiB"));
}

TEST_CASE("whoever awaits or waits for a fiber without a stack gets the error, and nothing is lost") {
  Counter counter;
  bool has_run = false;
  {
    StackMemory memory = weft::stack_memory;
    memory.map = no_memory;
    const Replaced replaced(memory);
    Runtime rt{{.workers = 1}};
    CHECK_THROWS_AS(rt.run(on_fiber([&has_run] { has_run = true; }, {.stack_size = kUnused})), LimitError);
    rt.spawn_fiber([&has_run] { has_run = true; }, counter, {.stack_size = kUnused});
    CHECK_THROWS_AS(counter.wait(), LimitError);
  }
  CHECK_FALSE(has_run);
  Runtime rt{{.workers = 1}};
  rt.spawn_fiber([&has_run] { has_run = true; }, counter, {.stack_size = kUnused});
  counter.wait();
  CHECK(has_run);
}

TEST_CASE("functions forked on a fiber are called by it where there is no stack for them") {
  Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(0)}};
  StackMemory memory = weft::stack_memory;
  int calls = 0;
  rt.run(on_fiber(
      [&] {
        memory.map = no_memory;
        memory.guard = refuse;
        memory.protect = refuse;
        const Replaced replaced(memory);
        weft::parallel_invoke([&calls] { ++calls; }, [&calls] { ++calls; }, [&calls] { ++calls; });
      },
      {.stack_size = std::size_t{32} << 20}));
  CHECK(calls == 3);
}

TEST_CASE("a painted stack tells how much of it was used") {
  Runtime rt{{.workers = 1}};
  struct Uses {
    WEFT_NOINLINE static void bytes(std::size_t count) {
      auto* const block = static_cast<volatile char*>(__builtin_alloca(count));
      for (std::size_t i = 0; i < count; i += 64) block[i] = 1;
    }
  };
  volatile std::size_t count = 20'000;  // AddressSanitizer takes a block of known size from elsewhere
  std::size_t before = 0, after = 0;
  Counter counter;
  rt.spawn_fiber(
      [&] {
        before = this_fiber::high_water_mark();
        Uses::bytes(count);
        after = this_fiber::high_water_mark();
      },
      counter, {.stack_size = 64 << 10, .paint = true});
  counter.wait();
  CHECK(before < 20'000);
  CHECK(after >= 20'000);
  CHECK(after < 64 << 10);
  CHECK(rt.run(on_fiber([] { return this_fiber::high_water_mark(); }, {.paint = true})) > 0);
  CHECK_THROWS_WITH(rt.run(on_fiber([] { return this_fiber::high_water_mark(); })), Contains("paint"));
}

TEST_CASE("stacks are made beforehand, with their memory and on huge pages, if the options say so") {
  Runtime rt{{.workers = 1, .fiber_stack_size = 4 << 20, .prefault_fiber_stacks = true, .huge_fiber_stacks = true}};
  std::uintptr_t begin = 0;
  CHECK(rt.run(on_fiber([&begin] {
    begin = reinterpret_cast<std::uintptr_t>(weft::current_fiber()->stack_begin());
    return weft::current_fiber()->stack_size();
  })) == 4 << 20);
  CHECK(begin % StackSize::kHugePage == 0);
}

TEST_CASE("idle fibers go back to the depot, and nothing is outstanding when the runtimes are gone") {
  const std::size_t before = FiberDepot::outstanding();
  {
    Runtime rt{{.workers = 2}};
    Counter counter;
    for (int i = 0; i < 1000; ++i) rt.spawn_fiber([] { this_fiber::yield(); }, counter);
    counter.wait();
  }
  CHECK(FiberDepot::outstanding() == before);
}
