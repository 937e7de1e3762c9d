// No wake-up is lost: a job that comes to an idle runtime, at whatever moment of its going to sleep, runs at once.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/describe_workers.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

using weft::Counter;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
using namespace std::chrono_literals;

namespace {

/// A pause of random length, around the time that a worker takes to fall asleep.
void pause(SeededRandom& random) {
  constexpr std::uint64_t kLongest = 4000;
  const std::uint64_t length = random.below(random.below(kLongest) + 1);
  for (std::uint64_t i = 0; i < length; ++i) weft::cpu_relax();
}

}  // namespace

TEST_CASE("one job at a time, from outside, after a random pause") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  SeededRandom random(workers);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("one job from outside", 1s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  long rounds = 0;
  for (; !clock.is_over(); ++rounds) {
    Counter counter;
    rt.spawn([] {}, counter);
    counter.wait();
    watchdog.progress();
    pause(random);
  }
  CHECK(rounds > 0);
}

TEST_CASE("one spawned job at a time, which only another worker can take") {
  const unsigned workers = GENERATE(2u, 4u);
  SeededRandom random(workers);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("one job from a busy worker", 1s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  long rounds = 0;
  rt.run([&] {
    for (; !clock.is_over(); ++rounds) {
      std::atomic<bool> has_run{false};
      weft::spawn_detached([&] { has_run.store(true); });
      while (!has_run.load()) std::this_thread::yield();
      watchdog.progress();
      pause(random);
    }
  });
  CHECK(rounds > 0);
}

TEST_CASE("one fork at a time, whose second child only another worker can take") {
  SeededRandom random(7);
  weft::Runtime rt{{.workers = 2}};
  Watchdog watchdog("one fork from a busy worker", 1s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  auto waits = [](std::atomic<bool>& until) -> Task<> {
    while (!until.load()) std::this_thread::yield();
    co_return;
  };
  auto sets = [](std::atomic<bool>& to) -> Task<> {
    to.store(true);
    co_return;
  };
  auto parent = [&]() -> Task<long> {
    long rounds = 0;
    for (; !clock.is_over(); ++rounds) {
      std::atomic<bool> has_run{false};
      co_await weft::when_all(waits(has_run), sets(has_run));
      watchdog.progress();
      pause(random);
    }
    co_return rounds;
  };
  CHECK(rt.run(parent()) > 0);
}

TEST_CASE("roots of several threads that come and go") {
  SeededRandom random(8);
  weft::Runtime rt{{.workers = 2}};
  Watchdog watchdog("roots of several threads", 2s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom mine(100 + t);
      auto yields = [](std::uint64_t times) -> Task<std::uint64_t> {
        for (std::uint64_t i = 0; i < times; ++i) co_await weft::yield();
        co_return times;
      };
      while (!is_over.load()) {
        const std::uint64_t times = mine.below(200);
        if (rt.run(yields(times)) != times) std::abort();
        watchdog.progress();
        pause(mine);
      }
    });
  }
  while (!clock.is_over()) std::this_thread::yield();
  is_over.store(true);
  for (std::thread& thread : threads) thread.join();
  SUCCEED();
}
