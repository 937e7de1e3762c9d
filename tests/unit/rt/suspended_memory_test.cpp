// What a suspended task costs beyond its own locals. The kernel is asked, since nothing can hide from it: whatever a task
// needs, from the frame cache, from malloc and its overhead, or in a queue, becomes resident memory of the process.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/process_memory.hpp"
#include "support/skip.hpp"

#include <malloc.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <thread>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::resident_bytes;

namespace {

constexpr int kTasks = 100'000;
constexpr double kPromisedBytes = 256;
constexpr std::size_t kLocalBytes = 1000;

struct Gate {
  Counter closed{1};
  std::atomic<int> waiting{0};
  std::atomic<int> sum{0};
};

Task<> waits(Gate& gate) {
  gate.waiting.fetch_add(1);
  co_await gate.closed;
}

Task<> waits_for_child(Gate& gate) { co_await waits(gate); }

WEFT_NOINLINE void write(std::array<char, kLocalBytes>& bytes, int value) { bytes.fill(static_cast<char>(value)); }
WEFT_NOINLINE int read(const std::array<char, kLocalBytes>& bytes) { return bytes.front() + bytes.back(); }

Task<> waits_with_locals(Gate& gate) {
  std::array<char, kLocalBytes> local;
  write(local, 1);
  co_await waits(gate);
  gate.sum.fetch_add(read(local));
}

/// Lets two hundred thousand tasks wait, and returns what each of the second half has added to the process.
double bytes_of_each(Task<> (*make)(Gate&)) {
  Runtime rt{{.workers = 2}};
  Gate gate;
  Counter done;
  const auto suspend = [&](int until) {
    for (int i = 0; i < kTasks; ++i) rt.spawn(make(gate), done);
    while (gate.waiting.load() < until) std::this_thread::yield();
  };
  // Memory that earlier tests have freed costs nothing a second time: it goes back, or the first half uses it up. And what is
  // not used must not be written: MALLOC_PERTURB_ would.
  ::malloc_trim(0);
  ::mallopt(M_PERTURB, 0);
  suspend(kTasks);
  const double before = resident_bytes();
  suspend(2 * kTasks);
  const double after = resident_bytes();
  gate.closed.sub();
  done.wait();
  return (after - before) / kTasks;
}

/// @param own  bytes of each task's own locals
void check_each(const char* what, Task<> (*make)(Gate&), double tasks, double own) {
  if (weft_test::kSanitized) {
    weft_test::skip("a sanitizer has memory of its own for each block");
    return;
  }
  const double bytes = (bytes_of_each(make) - own) / tasks;
  std::fprintf(stderr, "%s: %.0f bytes for each of %d tasks beyond its own locals\n", what, bytes, kTasks);
  CHECK(bytes <= kPromisedBytes);
  CHECK(bytes > 0);
}

}  // namespace

TEST_CASE("a suspended task takes at most 256 bytes") { check_each("a task that waits for a counter", waits, 1, 0); }

TEST_CASE("a suspended task and the task that awaits it take at most 256 bytes each") {
  check_each("a task that awaits another, and that one", waits_for_child, 2, 0);
}

TEST_CASE("suspended tasks with large locals take at most 256 bytes more than these") {
  check_each("a task with locals that awaits another, and that one", waits_with_locals, 2, kLocalBytes);
}
