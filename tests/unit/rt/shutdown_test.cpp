#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/until_stopped.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <utility>

using weft::Counter;
using weft::Runtime;
using weft::Shutdown;
using weft::Task;
using Clock = std::chrono::steady_clock;

namespace {

Task<> counts_later(std::atomic<int>& ended, int yields) {
  for (int i = 0; i < yields; ++i) co_await weft::yield();
  ended.fetch_add(1);
}
Task<> waits_for(Counter& counter, std::atomic<int>& ended) {
  co_await counter;
  ended.fetch_add(1);
}

}  // namespace

TEST_CASE("the destructor drains: all that was started has ended") {
  std::atomic<int> ended{0};
  {
    Runtime rt{{.workers = 2}};
    for (int i = 0; i < 100; ++i) rt.spawn_detached(counts_later(ended, i % 5));
  }
  CHECK(ended.load() == 100);
}

TEST_CASE("the destructor drains what running tasks go on to spawn") {
  std::atomic<int> ended{0};
  struct Spawns {
    std::atomic<int>& counter;
    int generations;
    void operator()() const {
      counter.fetch_add(1);
      if (generations == 0) return;
      weft::spawn_detached(Spawns{counter, generations - 1});
      weft::spawn_detached(Spawns{counter, generations - 1});
    }
  };
  {
    Runtime rt{{.workers = 2}};
    rt.spawn_detached(Spawns{ended, 7});
  }
  CHECK(ended.load() == 255);
}

TEST_CASE("a task that waits for another thread holds the destructor back until it has ended") {
  Counter gate(1);
  std::atomic<int> ended{0};
  std::thread opens;
  {
    Runtime rt{{.workers = 1}};
    rt.spawn_detached(waits_for(gate, ended));
    opens = std::thread([&] { gate.sub(); });
  }
  CHECK(ended.load() == 1);
  opens.join();
}

TEST_CASE("shutdown waits for everything and reports that nothing is left") {
  Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  for (int i = 0; i < 50; ++i) rt.spawn_detached(counts_later(ended, 3));
  const weft::ShutdownReport report = rt.shutdown();
  CHECK(report.is_complete());
  CHECK(report.remaining == 0);
  CHECK(ended.load() == 50);
  CHECK(rt.shutdown().is_complete());
}

TEST_CASE("shutdown with a deadline reports what had not ended, and may be called again") {
  Runtime rt{{.workers = 2}};
  Counter gate(1);
  std::atomic<int> ended{0};
  for (int i = 0; i < 3; ++i) rt.spawn_detached(waits_for(gate, ended));
  const auto report = rt.shutdown(Shutdown::Drain, Clock::now() + std::chrono::milliseconds(20));
  CHECK_FALSE(report.is_complete());
  CHECK(report.remaining == 3);
  CHECK(rt.shutdown(Shutdown::Drain, Clock::now()).remaining == 3);
  gate.sub();
  CHECK(rt.shutdown().is_complete());
  CHECK(ended.load() == 3);
}

TEST_CASE("shutdown with Cancel asks every task to stop and waits for its end") {
  Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto stops = [](std::atomic<int>& counter) -> Task<> {
    co_await weft_test::until_stopped();
    counter.fetch_add(1);
  };
  for (int i = 0; i < 10; ++i) rt.spawn_detached(stops(ended));
  CHECK(rt.shutdown(Shutdown::Cancel).is_complete());
  CHECK(ended.load() == 10);
}

TEST_CASE("after shutdown no work is taken from outside, and says so") {
  Runtime rt{{.workers = 1}};
  CHECK(rt.shutdown().is_complete());
  Counter counter;
  CHECK_THROWS_AS(rt.spawn([] {}, counter), weft::UsageError);
  CHECK_THROWS_AS(rt.spawn_detached([] {}), weft::UsageError);
  CHECK_THROWS_AS(static_cast<void>(rt.spawn([] {})), weft::UsageError);
  CHECK_THROWS_WITH(rt.run([] {}), Catch::Contains("shut"));
  CHECK(counter.is_complete());
}

TEST_CASE("while a runtime shuts down its own tasks may still spawn and fork") {
  Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  Counter gate(1);
  auto forks_late = [](Counter& until, std::atomic<int>& counter) -> Task<> {
    co_await until;
    co_await weft::when_all(counts_later(counter, 1), counts_later(counter, 1));
    weft::spawn_detached(counts_later(counter, 1));
  };
  rt.spawn_detached(forks_late(gate, ended));
  CHECK(rt.shutdown(Shutdown::Drain, Clock::now()).remaining == 1);
  gate.sub();
  CHECK(rt.shutdown().is_complete());
  CHECK(ended.load() == 3);
}

TEST_CASE("runtimes are made and destroyed under load from several threads") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> ended{0};
    {
      Runtime rt{{.workers = 3}};
      std::latch all_posted(2);
      std::thread first([&] {
        for (int i = 0; i < 50; ++i) rt.spawn_detached(counts_later(ended, i % 3));
        all_posted.count_down();
      });
      std::thread second([&] {
        for (int i = 0; i < 50; ++i) rt.spawn_detached([&] { ended.fetch_add(1); });
        all_posted.count_down();
      });
      all_posted.wait();
      first.join();
      second.join();
    }
    REQUIRE(ended.load() == 100);
  }
}

TEST_CASE("a runtime may be destroyed as soon as another runtime's thread has woken its last task") {
  Runtime waker{{.workers = 2}};
  for (int round = 0; round < 200; ++round) {
    Counter gate(1);
    std::atomic<int> ended{0};
    Counter posted;
    {
      Runtime rt{{.workers = 1}};
      rt.spawn_detached(waits_for(gate, ended));
      waker.spawn([&] { gate.sub(); }, posted);
    }
    REQUIRE(ended.load() == 1);
    posted.wait();
  }
}
