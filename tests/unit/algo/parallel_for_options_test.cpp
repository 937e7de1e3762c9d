#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "loop_forms.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

using weft::parallel_for;
using weft::ParallelForOptions;
using weft::Partition;
using weft::Priority;
using weft::sync_parallel_for;
using weft::Task;
using weft_test::Form;
using weft_test::kForms;
using weft_test::run_loop;

namespace {

using Chunks = std::vector<std::pair<int, int>>;

/// The chunks of a loop over [0, count), in order.
Chunks chunks_of(weft::Runtime& rt, Form form, int count, ParallelForOptions options) {
  std::mutex mutex;
  Chunks chunks;
  const auto keep = [&](int first, int last) {
    const std::lock_guard lock(mutex);
    chunks.emplace_back(first, last);
  };
  run_loop(rt, form, 0, count, keep, options);
  std::sort(chunks.begin(), chunks.end());
  return chunks;
}

}  // namespace

// ---- grain ----

TEST_CASE("no chunk is longer than the grain, and none shorter than half of it") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      for (const int grain : {1, 2, 10, 333}) {
        const Chunks chunks = chunks_of(rt, form, 1000, {.grain = static_cast<std::size_t>(grain)});
        CHECK(std::all_of(chunks.begin(), chunks.end(), [&](const auto& chunk) {
          const int length = chunk.second - chunk.first;
          return length <= grain && (2 * length >= grain || workers == 1);
        }));
      }
    }
  }
}

TEST_CASE("a loop that is not longer than its grain is one chunk") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto form : kForms) {
    CHECK(chunks_of(rt, form, 1000, {.grain = 1000}) == Chunks{{0, 1000}});
  }
}

// ---- partition ----

TEST_CASE("equal parts are as many as workers, and differ by one iteration at most") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto form : kForms) {
    CHECK(chunks_of(rt, form, 10, {.partition = Partition::Equal}) == Chunks{{0, 3}, {3, 6}, {6, 8}, {8, 10}});
    CHECK(chunks_of(rt, form, 8, {.partition = Partition::Equal}) == Chunks{{0, 2}, {2, 4}, {4, 6}, {6, 8}});
    CHECK(chunks_of(rt, form, 3, {.partition = Partition::Equal}) == Chunks{{0, 1}, {1, 2}, {2, 3}});
    CHECK(chunks_of(rt, form, 1, {.partition = Partition::Equal}) == Chunks{{0, 1}});
  }
}

TEST_CASE("equal parts are not shorter than the grain") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto form : kForms) {
    CHECK(chunks_of(rt, form, 10, {.grain = 4, .partition = Partition::Equal}) == Chunks{{0, 5}, {5, 10}});
    CHECK(chunks_of(rt, form, 10, {.grain = 100, .partition = Partition::Equal}) == Chunks{{0, 10}});
  }
}

TEST_CASE("one worker, or none, has one equal part") {
  weft::Runtime rt{{.workers = 1}};
  for (const auto form : kForms) {
    CHECK(chunks_of(rt, form, 10, {.partition = Partition::Equal}) == Chunks{{0, 10}});
  }
  Chunks chunks;
  sync_parallel_for(0, 10, [&](int first, int last) { chunks.emplace_back(first, last); }, {.partition = Partition::Equal});
  CHECK(chunks == Chunks{{0, 10}});
}

TEST_CASE("a body that takes one index works with equal parts") {
  weft::Runtime rt{{.workers = 3}};
  for (const auto form : kForms) {
    weft_test::Visits visits(1000);
    run_loop(rt, form, std::size_t{0}, visits.size(), [&](std::size_t i) { visits.add(i); },
             {.partition = Partition::Equal});
    CHECK(visits.all_are(1));
  }
}

// ---- priority ----

TEST_CASE("the pieces of an awaited loop run with its priority, and the task then has its own again") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    for (const Priority wanted : {Priority::High, Priority::Normal, Priority::Low}) {
      std::atomic<int> wrong{0};
      auto task = [](Priority priority, std::atomic<int>& mismatches) -> Task<Priority> {
        auto body = [&](int) {
          if (weft::current_worker()->priority != priority) mismatches.fetch_add(1);
        };
        co_await parallel_for(0, 1000, body, {.grain = 10, .priority = priority});
        co_return weft::current_worker()->priority;
      };
      CHECK(rt.run(task(wanted, wrong)) == Priority::Normal);
      CHECK(wrong.load() == 0);
    }
  }
}

TEST_CASE("the task has its own priority again when the loop has failed") {
  weft::Runtime rt{{.workers = 2}};
  auto task = []() -> Task<bool> {
    auto body = [](int i) {
      if (i == 50) throw std::runtime_error("bad index");
    };
    bool has_thrown = false;
    try {
      co_await parallel_for(0, 100, body, {.priority = Priority::Low});
    } catch (const std::runtime_error&) {
      has_thrown = true;
    }
    co_return has_thrown && weft::current_worker()->priority == Priority::Normal;
  };
  CHECK(rt.run(task()));
}

TEST_CASE("a loop of low priority lets normal work of its worker go first") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<bool> has_run{false};
  bool was_first = false;
  auto task = [&]() -> Task<> {
    weft::Counter counter;
    weft::spawn([&] { has_run.store(true); }, counter);
    auto body = [&](int i) {
      if (i == 0) was_first = has_run.load();
    };
    co_await parallel_for(0, 100, body, {.priority = Priority::Low});
    co_await counter;
  };
  rt.run(task());
  CHECK(was_first);
}

TEST_CASE("a priority without a runtime changes nothing") {
  int calls = 0;
  weft::sync_wait(parallel_for(0, 10, [&](int) { ++calls; }, {.priority = Priority::Low}));
  sync_parallel_for(0, 10, [&](int) { ++calls; }, {.priority = Priority::Low});
  CHECK(calls == 20);
}

TEST_CASE("the blocking form refuses a priority that its job does not have") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  const auto count = [&](int) { calls.fetch_add(1); };
  rt.run([&] { sync_parallel_for(0, 10, count, {.priority = Priority::Normal}); });
  CHECK(calls.load() == 10);
  CHECK_THROWS_AS(rt.run([&] { sync_parallel_for(0, 10, count, {.priority = Priority::Low}); }), weft::UsageError);
  weft::Counter counter;
  rt.spawn([&] { sync_parallel_for(0, 10, count, {.priority = Priority::Low}); }, counter, {.priority = Priority::Low});
  counter.wait();
  CHECK(calls.load() == 20);
}
