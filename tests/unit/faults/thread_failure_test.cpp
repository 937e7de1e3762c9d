// Threads cannot be created, from the k-th on: a pool runs smaller or says so, and never hangs.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "failing_threads.hpp"
#include "fork.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::FailingThreads;
using weft_test::fib;

namespace {

constexpr int kMostThreads = 4;

Task<int> yields(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield();
  co_return times;
}

}  // namespace

TEST_CASE("without threads: run forks, yields and spawns on the calling thread alone") {
  for (int first = 0; first <= kMostThreads; ++first) {
    const FailingThreads failing(first);
    Runtime rt{{.workers = 4}};
    for (int round = 0; round < 20; ++round) {
      REQUIRE(rt.run(fib(12)) == 144);
      REQUIRE(rt.run(yields(200)) == 200);
      auto spawns = []() -> Task<int> {
        std::atomic<int> ran{0};
        Counter counter;
        for (int i = 0; i < 50; ++i) weft::spawn([&ran] { ran.fetch_add(1); }, counter);
        co_await counter;
        co_return ran.load();
      };
      REQUIRE(rt.run(spawns()) == 50);
    }
  }
}

TEST_CASE("without threads: sleepers wake, in the run that they are in, in a later one, and when the runtime is drained") {
  for (int first = 0; first <= kMostThreads; ++first) {
    const FailingThreads failing(first);
    std::atomic<int> woken{0};
    const auto nap = [&woken]() -> Task<> {
      co_await weft::sleep_for(std::chrono::milliseconds(1));
      woken.fetch_add(1);
    };
    {
      Runtime rt{{.workers = 4}};
      rt.run(nap());
      rt.run([&] { weft::spawn_detached(nap()); });
      rt.run(weft::timeout(nap(), std::chrono::hours(1)));
      rt.run([&] { weft::spawn_detached(nap()); });
    }
    REQUIRE(woken == 4);
  }
}

TEST_CASE("without threads: what run leaves behind is drained") {
  for (const unsigned workers : {1u, 4u}) {
    for (int first = 0; first <= kMostThreads; ++first) {
      std::atomic<int> ran{0};
      {
        const FailingThreads failing(first);
        Runtime rt{{.workers = workers}};
        rt.run([&] {
          for (int i = 0; i < 20; ++i) weft::spawn_detached([&ran] { ran.fetch_add(1); });
        });
      }
      REQUIRE(ran.load() == 20);
    }
  }
}

TEST_CASE("without threads: what run leaves behind is done before run returns, so that others may wait for it") {
  const FailingThreads failing(0);
  Runtime rt{{.workers = 2}};
  Counter counter;
  std::atomic<int> ran{0};
  rt.run([&] {
    for (int i = 0; i < 20; ++i) weft::spawn([&ran] { ran.fetch_add(1); }, counter);
  });
  counter.wait();
  CHECK(ran.load() == 20);
}

TEST_CASE("without threads: spawning from outside says so, or the work is done") {
  for (int first = 0; first <= kMostThreads; ++first) {
    std::atomic<int> ran{0};
    int started = 0;
    {
      const FailingThreads failing(first);
      Runtime rt{{.workers = 4}};
      Counter counter;
      for (int round = 0; round < 10; ++round) {
        try {
          for (int i = 0; i < 20; ++i) {
            rt.spawn([&ran] { ran.fetch_add(1); }, counter);
            ++started;
          }
        } catch (const weft::LimitError&) {
          CHECK(first == 0);
        }
        REQUIRE(rt.run(fib(8)) == 21);
        counter.wait();
      }
      CHECK((first == 0) == (started == 0));
    }
    CHECK(ran.load() == started);
  }
}

TEST_CASE("without threads: work for all arenas is done all the same") {
  const weft::Topology machine = weft::Topology::parse("node:3 core:1 pu:1");
  for (int first = 0; first <= kMostThreads; ++first) {
    const FailingThreads failing(first);
    Runtime rt{{.workers = 3, .pinning = weft::PinningStrategy::Linear, .pinning_best_effort = true, .topology = machine}};
    std::atomic<int> ran{0};
    rt.run([&]() -> Task<> {
      Counter counter;
      for (unsigned i = 0; i < 60; ++i) weft::spawn(weft::on(rt.arena(i % rt.arena_count())), [&ran] { ran.fetch_add(1); }, counter);
      co_await counter;
    });
    CHECK(ran.load() == 60);
  }
}

TEST_CASE("without threads: several threads run at once, more of them than workers") {
  for (const unsigned workers : {1u, 2u}) {
    for (int first = 0; first <= 1; ++first) {
      Runtime rt{{.workers = workers}};
      constexpr int kCallers = 4;
      std::atomic<int> right{0};
      std::optional<FailingThreads> failing;
      std::latch is_armed(1);
      std::vector<std::thread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          is_armed.wait();
          for (int round = 0; round < 50; ++round) {
            if (rt.run(fib(8)) == 21) right.fetch_add(1);
            if (rt.run(yields(100)) == 100) right.fetch_add(1);
          }
        });
      }
      failing.emplace(first);
      is_armed.count_down();
      for (std::thread& caller : callers) caller.join();
      REQUIRE(right.load() == kCallers * 100);
    }
  }
}

TEST_CASE("without threads: a root that waits for another thread goes on when it is woken") {
  Runtime rt{{.workers = 1}};
  Counter gate(1);
  std::atomic<bool> is_waiting{false};
  std::thread opens([&] {
    while (!is_waiting.load()) std::this_thread::yield();
    gate.sub();
  });
  const FailingThreads failing(0);
  auto waits = [&]() -> Task<int> {
    is_waiting.store(true);
    co_await gate;
    co_return 4;
  };
  CHECK(rt.run(waits()) == 4);
  opens.join();
}

TEST_CASE("without threads: work that another thread has woken after run is drained at the end") {
  Counter gate(1);
  std::atomic<int> ended{0};
  std::latch is_gone(1);
  std::thread opens([&] {
    is_gone.wait();
    gate.sub();
  });
  {
    const FailingThreads failing(0);
    Runtime rt{{.workers = 2}};
    auto waits = [](Counter& until, std::atomic<int>& counter) -> Task<> {
      co_await until;
      counter.fetch_add(1);
    };
    rt.run([&] { weft::spawn_detached(waits(gate, ended)); });
    is_gone.count_down();
    CHECK(rt.shutdown().is_complete());
  }
  opens.join();
  CHECK(ended.load() == 1);
}

TEST_CASE("a pool that could not start a thread starts one when it can be had again") {
  Runtime rt{{.workers = 4}};
  {
    const FailingThreads failing(0);
    Counter counter;
    CHECK_THROWS_AS(rt.spawn([] {}, counter), weft::LimitError);
    CHECK_THROWS_WITH(rt.spawn([] {}, counter), Catch::Contains("ulimit -u") && Catch::Contains("ulimit -v") && Catch::Contains("ulimit -l") &&
                                                    Catch::Contains("ulimit -s"));
    REQUIRE(rt.run(fib(10)) == 55);
    CHECK(counter.is_complete());
  }
  Counter counter;
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) rt.spawn([&] { ran.fetch_add(1); }, counter);
  counter.wait();
  CHECK(ran.load() == 100);
}
