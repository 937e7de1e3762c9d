// Work that is sent to arenas from everywhere, by workers who are busy, searching, falling asleep, blocked: nothing is lost, and nothing waits.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/describe_workers.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::NumaArena;
using weft::on;
using weft::PinningStrategy;
using weft::Priority;
using weft::Runtime;
using weft::Task;
using weft::Topology;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
using namespace std::chrono_literals;

namespace {

weft::RuntimeOptions options(PinningStrategy strategy) {
  const Topology topology = Topology::parse("node:3 l3:1 core:1 pu:2");
  return {.workers = 5, .pinning = strategy, .topology = topology, .spare_workers = 4};
}

/// A task that suspends at a gate which somebody else opens, somewhere.
Task<> waits(Counter& gate, std::atomic<int>& ended) {
  co_await gate;
  co_await weft::yield();
  ended.fetch_add(1);
}

Task<> forks(unsigned depth, std::atomic<int>& leaves) {
  if (depth == 0) {
    leaves.fetch_add(1);
    co_return;
  }
  co_await weft::when_all(forks(depth - 1, leaves), forks(depth - 1, leaves));
}

/// What one step sends away: so many ends are to be counted.
int send_something(Runtime& rt, SeededRandom& random, Counter& done, std::atomic<int>& ended) {
  NumaArena& arena = rt.arena(static_cast<unsigned>(random.below(rt.arena_count())));
  const auto priority = static_cast<Priority>(random.below(weft::kPriorities));
  switch (random.below(4)) {
    case 0:
      weft::spawn(on(arena), [&] { ended.fetch_add(1); }, done, {.priority = priority});
      return 1;
    case 1:
      weft::spawn_batch(on(arena), 7, [&](std::size_t) { return [&] { ended.fetch_add(1); }; }, done, {.priority = priority});
      return 7;
    case 2:
      weft::spawn(on(arena), forks(4, ended), done, {.priority = priority});
      return 16;
    default:
      weft::spawn_fiber(
          on(arena),
          [&] {
            weft::this_fiber::yield();
            ended.fetch_add(1);
          },
          done);
      return 1;
  }
}

}  // namespace

TEST_CASE("work sent to arenas from outside and inside is done once, with tiers and without") {
  const auto strategy = GENERATE(PinningStrategy::Linear, PinningStrategy::TieredSpillover);
  SeededRandom random(11);
  Runtime rt(options(strategy));
  Watchdog watchdog("work for arenas", 20s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  long rounds = 0;
  for (; !clock.is_over(); ++rounds) {
    std::atomic<int> ended{0};
    std::atomic<int> sent{0};
    Counter done;
    const std::uint64_t seed = random.below(1U << 30);
    std::thread outside([&] {
      SeededRandom mine(seed);
      for (int i = 0; i < 20; ++i) sent += send_something(rt, mine, done, ended);
    });
    weft::spawn(
        on(rt.arena(0)),
        [&, seed] {
          SeededRandom mine(seed + 1);
          for (int i = 0; i < 20; ++i) sent += send_something(rt, mine, done, ended);
        },
        done);
    outside.join();
    done.wait();
    REQUIRE(ended == sent);
    watchdog.progress();
  }
  CHECK(rounds > 0);
}

TEST_CASE("tasks of all arenas are woken by workers of all arenas") {
  SeededRandom random(12);
  Runtime rt(options(PinningStrategy::AvoidSMT));
  Watchdog watchdog("tasks of arenas that wait", 20s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  long rounds = 0;
  for (; !clock.is_over(); ++rounds) {
    constexpr int kTasks = 24;
    std::atomic<int> ended{0};
    std::vector<Counter> gates(kTasks);
    Counter done;
    for (Counter& gate : gates) {
      gate.add();
      weft::spawn(on(rt.arena(static_cast<unsigned>(random.below(rt.arena_count())))), waits(gate, ended), done);
    }
    for (Counter& gate : gates) {
      weft::spawn(on(rt.arena(static_cast<unsigned>(random.below(rt.arena_count())))), [&gate] { gate.sub(); }, done);
    }
    done.wait();
    REQUIRE(ended == kTasks);
    watchdog.progress();
  }
  CHECK(rounds > 0);
}

TEST_CASE("one job for an arena at a time, at whatever moment of its workers' going to sleep, runs at once") {
  SeededRandom random(13);
  Runtime rt(options(PinningStrategy::Linear));
  Watchdog watchdog("one job for an arena", 1s, [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  long rounds = 0;
  for (; !clock.is_over(); ++rounds) {
    Counter counter;
    weft::spawn(on(rt.arena(static_cast<unsigned>(random.below(rt.arena_count())))), [] {}, counter);
    counter.wait();
    watchdog.progress();
    const std::uint64_t pause = random.below(random.below(4000) + 1);
    for (std::uint64_t i = 0; i < pause; ++i) weft::cpu_relax();
  }
  CHECK(rounds > 0);
}
