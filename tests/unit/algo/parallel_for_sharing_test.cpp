// What idle workers find of a loop. Iterations wait for each other here, so a loop that hides some of them never ends.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "loop_forms.hpp"

#include <atomic>
#include <barrier>
#include <cstddef>
#include <latch>
#include <ranges>
#include <thread>
#include <vector>

using weft::Partition;
using weft_test::kForms;
using weft_test::run_loop;
using weft_test::Visits;

namespace {

void wait_until(const std::atomic<int>& count, int wanted) {
  while (count.load() < wanted) std::this_thread::yield();
}

}  // namespace

TEST_CASE("two iterations that wait for each other end on two workers") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    for (int round = 0; round < 100; ++round) {
      std::latch both(2);
      run_loop(rt, form, 0, 2, [&](int) { both.arrive_and_wait(); });
      REQUIRE(both.try_wait());
    }
  }
}

TEST_CASE("as many iterations as workers run at the same time") {
  for (const unsigned workers : {2u, 3u, 4u, 8u}) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      for (int round = 0; round < 20; ++round) {
        std::latch all(workers);
        run_loop(rt, form, 0u, workers, [&](unsigned) { all.arrive_and_wait(); });
        REQUIRE(all.try_wait());
      }
    }
  }
}

TEST_CASE("as many elements, chunks or equal parts as workers run at the same time") {
  constexpr unsigned kWorkers = 4;
  weft::Runtime rt{{.workers = kWorkers}};
  for (int round = 0; round < 20; ++round) {
    std::latch elements(kWorkers);
    rt.run(weft::parallel_for(std::views::iota(0u, kWorkers), [&](unsigned) { elements.arrive_and_wait(); }));
    std::latch chunks(kWorkers);
    rt.run(weft::parallel_for(0u, kWorkers, [&](unsigned, unsigned) { chunks.arrive_and_wait(); }));
    for (const auto form : kForms) {
      std::latch parts(kWorkers);
      run_loop(rt, form, 0, 1000, [&](int, int) { parts.arrive_and_wait(); }, {.partition = Partition::Equal});
    }
  }
}

TEST_CASE("an iteration may wait for all others if the grain is one") {
  for (const unsigned workers : {2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      for (const int patient : {0, 1, 500, 998, 999}) {
        std::atomic<int> done{0};
        const auto body = [&](int i) {
          if (i == patient) wait_until(done, 999);
          done.fetch_add(1);
        };
        run_loop(rt, form, 0, 1000, body, {.grain = 1});
        REQUIRE(done.load() == 1000);
      }
    }
  }
}

TEST_CASE("of few iterations the first may wait for the upper half of them") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    for (const int count : {2, 3, 10, 31}) {
      std::atomic<int> done{0};
      run_loop(rt, form, 0, count, [&](int i) {
        if (i == 0) wait_until(done, count / 2);
        done.fetch_add(1);
      });
      REQUIRE(done.load() == count);
    }
  }
}

TEST_CASE("while one of many iterations is long the other worker runs nearly all that is left") {
  constexpr int kCount = 200'000;
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    for (const int patient : {kCount / 4, kCount / 2}) {
      // What it shares a piece with, or the probe, cannot run meanwhile; that is a few microseconds of counting.
      Visits visits(kCount);
      std::atomic<int> done{0};
      run_loop(rt, form, 0, kCount, [&](int i) {
        visits.add(static_cast<std::size_t>(i));
        if (i == patient) wait_until(done, kCount / 10 * 9);
        done.fetch_add(1);
      });
      REQUIRE(visits.all_are(1));
    }
  }
}

TEST_CASE("a loop inside an iteration is shared although its worker has offered the loop around it") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto outer : kForms) {
    std::latch both(2);
    run_loop(rt, outer, 0, 2, [&](int i) {
      if (i == 0) weft::sync_parallel_for(0, 2, [&](int) { both.arrive_and_wait(); });
    });
    REQUIRE(both.try_wait());
  }
}

TEST_CASE("two loops of one task share the workers") {
  weft::Runtime rt{{.workers = 2}};
  std::latch both(2);
  auto task = [&]() -> weft::Task<> {
    auto body = [&](int) { both.arrive_and_wait(); };
    co_await weft::when_all(weft::parallel_for(0, 1, body), weft::parallel_for(0, 1, body));
  };
  rt.run(task());
  CHECK(both.try_wait());
}

TEST_CASE("one worker runs the iterations in order") {
  weft::Runtime rt{{.workers = 1}};
  for (const auto form : kForms) {
    for (const std::size_t grain : {0u, 1u, 7u}) {
      int next = 0;
      bool in_order = true;
      run_loop(
          rt, form, 0, 1000, [&](int i) { in_order = in_order && i == next++; }, {.grain = grain});
      CHECK(in_order);
      CHECK(next == 1000);
    }
  }
}
