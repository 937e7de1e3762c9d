#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "bounded_delay.hpp"

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Task;
using weft_test::kMostTurns;

namespace {

Task<> take_turns(std::string& order, char me, int turns) {
  for (int i = 0; i < turns; ++i) {
    order += me;
    co_await weft::yield();
  }
}

}  // namespace

TEST_CASE("tasks that yield on one worker take turns") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto parent = [&]() -> Task<> {
    co_await weft::when_all(take_turns(order, 'a', 20), take_turns(order, 'b', 20), take_turns(order, 'c', 20));
  };
  rt.run(parent());
  for (std::size_t i = 3; i < order.size(); ++i) REQUIRE(order[i] == order[i - 3]);
}

TEST_CASE("a yield lets the other jobs of the worker go first") {
  weft::Runtime rt{{.workers = 1}};
  auto parent = [&]() -> Task<int> {
    Counter counter;
    std::atomic<int> ran{0};
    for (int i = 0; i < 10; ++i) weft::spawn([&] { ran.fetch_add(1); }, counter);
    co_await weft::yield();
    const int seen = ran.load();
    co_await counter;
    co_return seen;
  };
  CHECK(rt.run(parent()) == 10);
}

TEST_CASE("a job from outside is not held back by tasks that yield for ever") {
  for (const unsigned workers : {1u, 2u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<bool> has_run{false};
    std::atomic<long> turns{0};
    std::atomic<long> turns_until_run{0};
    std::latch are_held(workers);
    std::latch posted(1);
    constexpr long kBefore = 100;
    auto yields_on = [&]() -> Task<> {
      while (!has_run.load()) {
        const long turn = turns.fetch_add(1);
        // Each worker stops once, so that the job comes between two turns that are known.
        if (turn >= kBefore && turn < kBefore + workers) {
          are_held.count_down();
          posted.wait();
        }
        co_await weft::yield();
      }
    };
    Counter counter;
    for (int i = 0; i < 4; ++i) rt.spawn(yields_on(), counter);
    are_held.wait();
    rt.spawn(
        [&] {
          turns_until_run.store(turns.load() - kBefore);
          has_run.store(true);
        },
        counter);
    posted.count_down();
    counter.wait();
    CHECK(has_run.load());
    // With others the worker that took the job may lose its CPU before it runs it.
    if (workers == 1) CHECK(turns_until_run.load() <= kMostTurns);
  }
}

TEST_CASE("the oldest spawned job is not held back by newer ones that spawn each other") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<bool> has_run{false};
  std::atomic<long> jobs{0};
  rt.run([&] {
    weft::spawn_detached([&] { has_run.store(true); });
    // Of the last few the owner takes the oldest, as thieves do, so there are more.
    for (int i = 0; i < 100; ++i) weft::spawn_detached(weft_test::Flood{has_run, jobs});
  });
  CHECK(rt.shutdown().is_complete());
  CHECK(has_run.load());
  CHECK(jobs.load() <= kMostTurns);
}

TEST_CASE("yield outside a runtime does nothing") {
  auto yields = []() -> Task<int> {
    for (int i = 0; i < 3; ++i) co_await weft::yield();
    co_return 1;
  };
  CHECK(weft::sync_wait(yields()) == 1);
}
