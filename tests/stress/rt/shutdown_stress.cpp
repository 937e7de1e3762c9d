#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
using namespace std::chrono_literals;

namespace {

Task<> ends_later(std::atomic<int>& ended, std::uint64_t yields) {
  for (std::uint64_t i = 0; i < yields; ++i) co_await weft::yield();
  ended.fetch_add(1);
}

}  // namespace

TEST_CASE("runtimes are made, loaded from several threads, and destroyed, in a loop") {
  SeededRandom random(1);
  const std::size_t frames = weft::frame_memory_outstanding();
  {
    Watchdog watchdog("shutdown under load", 20s);
    const StressClock clock;
    while (!clock.is_over()) {
      const auto workers = 1 + static_cast<unsigned>(random.below(6));
      const int threads = 1 + static_cast<int>(random.below(3));
      const int jobs = static_cast<int>(random.below(200));
      const std::uint64_t yields = random.below(4);
      std::atomic<int> ended{0};
      {
        Runtime rt{{.workers = workers}};
        std::vector<std::thread> posters;
        for (int t = 0; t < threads; ++t) {
          posters.emplace_back([&] {
            for (int i = 0; i < jobs; ++i) {
              if (i % 3 == 0) rt.spawn_detached(ends_later(ended, yields));
              if (i % 3 == 1) rt.spawn_detached([&] { ended.fetch_add(1); });
              if (i % 3 == 2) rt.spawn_detached([&] { weft::spawn_detached(ends_later(ended, yields)); });
            }
          });
        }
        for (std::thread& poster : posters) poster.join();
      }
      REQUIRE(ended.load() == threads * jobs);
      watchdog.progress();
    }
  }
  CHECK(weft::frame_memory_outstanding() == frames);
}

TEST_CASE("spawning races with shutdown: what was taken ends, what was refused says so") {
  SeededRandom random(2);
  Watchdog watchdog("spawn against shutdown", 20s);
  const StressClock clock;
  while (!clock.is_over()) {
    std::atomic<int> taken{0};
    std::atomic<int> ended{0};
    {
      Runtime rt{{.workers = 1 + static_cast<unsigned>(random.below(3))}};
      std::vector<std::thread> posters;
      for (int t = 0; t < 2; ++t) {
        posters.emplace_back([&] {
          try {
            for (;;) {
              rt.spawn_detached([&] { ended.fetch_add(1); });
              taken.fetch_add(1);
            }
          } catch (const weft::UsageError&) {
            // Shut down.
          }
        });
      }
      while (taken.load() < 50) std::this_thread::yield();
      rt.shutdown();
      for (std::thread& poster : posters) poster.join();
    }
    REQUIRE(ended.load() == taken.load());
    watchdog.progress();
  }
}

TEST_CASE("a job wakes a task of another runtime, which is destroyed at once") {
  SeededRandom random(3);
  Runtime waker{{.workers = 2}};
  Watchdog watchdog("cross-runtime wake", 20s);
  const StressClock clock;
  while (!clock.is_over()) {
    const int waiters = 1 + static_cast<int>(random.below(4));
    std::atomic<int> ended{0};
    Counter gate(1);
    Counter posted;
    {
      Runtime rt{{.workers = 1 + static_cast<unsigned>(random.below(2))}};
      auto waits = [](Counter& until, std::atomic<int>& counter) -> Task<> {
        co_await until;
        counter.fetch_add(1);
      };
      for (int i = 0; i < waiters; ++i) rt.spawn_detached(waits(gate, ended));
      waker.spawn([&] { gate.sub(); }, posted);
    }
    REQUIRE(ended.load() == waiters);
    posted.wait();
    watchdog.progress();
  }
}

TEST_CASE("tasks travel between runtimes that come and go") {
  SeededRandom random(4);
  Runtime home{{.workers = 2}};
  Watchdog watchdog("travelling tasks", 20s);
  const StressClock clock;
  while (!clock.is_over()) {
    auto visited = std::make_unique<Runtime>(weft::RuntimeOptions{.workers = 2});
    auto travels = [](Runtime& here, Runtime& there, int times) -> Task<int> {
      for (int i = 0; i < times; ++i) {
        co_await weft::resume_on(there.executor());
        co_await weft::resume_on(here.executor());
      }
      co_return times;
    };
    auto all = [&](int times) -> Task<int> {
      const auto [a, b, c] = co_await weft::when_all(travels(home, *visited, times), travels(home, *visited, times),
                                                     travels(home, *visited, times));
      co_return a + b + c;
    };
    const int times = static_cast<int>(random.below(20));
    REQUIRE(home.run(all(times)) == 3 * times);
    visited.reset();
    watchdog.progress();
  }
}
