// What a fiber costs that waits. The kernel is asked, as in tests/unit/rt/suspended_memory_test.cpp.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/sanitizer.hpp"
#include "guard_advice.hpp"
#include "support/many.hpp"
#include "support/process_memory.hpp"
#include "support/skip.hpp"

#include <atomic>
#include <cstdio>
#include <thread>

using weft::Counter;
using weft::Runtime;
using weft_test::mappings;
using weft_test::resident_bytes;

namespace {

constexpr int kFibers = 100'000;
constexpr double kPromisedKib = 4.5;
constexpr std::size_t kMostMappings = 100;

}  // namespace

TEST_CASE("a hundred thousand fibers wait at once, each with its guard, in at most 4.5 KiB") {
  if (weft_test::kSanitized) {
    weft_test::skip("a sanitizer has memory of its own for each stack");
    return;
  }
  if (weft::is_on_valgrind()) {
    weft_test::skip("Valgrind has memory of its own for each stack, and searches through all of them");
    return;
  }
  // Depots keep their stacks: the rest of the program would have no mappings left, and neither would an emulator that it runs in.
  if (!weft_test::guards_take_no_mappings()) {
    weft_test::skip("there is no MADV_GUARD_INSTALL here, and the guards would use up the mappings of the process");
    return;
  }
  Runtime rt{{.workers = 2}};
  Counter gate(1), done;
  std::atomic<int> waiting{0}, refused{0};
  const double before = resident_bytes();
  const std::size_t mappings_before = mappings();
  for (int i = 0; i < kFibers; ++i) {
    rt.spawn_fiber(
        [&] {
          waiting.fetch_add(1);
          gate.wait();
        },
        done);
  }
  while (waiting.load() < kFibers && done.value() + static_cast<unsigned>(refused.load()) > static_cast<unsigned>(waiting.load())) {
    std::this_thread::yield();
  }
  if (waiting.load() < kFibers) {
    gate.sub();
    done.wait();  // throws what the kernel has said
    FAIL("only " << waiting.load() << " fibers wait");
  }
  const double each = (resident_bytes() - before) / 1024 / kFibers;
  const std::size_t added = mappings() - mappings_before;
  std::fprintf(stderr, "a fiber that waits: %.2f KiB for each of %d, %zu more mappings\n", each, kFibers, added);
  CHECK(each <= kPromisedKib);
  CHECK(each > 1);
  CHECK(added <= kMostMappings);
  gate.sub();
  done.wait();
}
