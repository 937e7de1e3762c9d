// A fiber is woken while it is still leaving its stack, as closely as threads can follow each other.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/describe_workers.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
namespace this_fiber = weft::this_fiber;

namespace {

constexpr int kTurns = 2000;

/// Where a fiber lies for whoever takes it first, with nothing between the store and the resumption.
class Slot {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { lies_here_.store(awaiting.address()); }
  void await_resume() const noexcept {}

  /// Resumes what lies here, on this thread. False: nothing does.
  bool resume() {
    void* const found = lies_here_.load() != nullptr ? lies_here_.exchange(nullptr) : nullptr;
    if (found == nullptr) return false;
    std::coroutine_handle<>::from_address(found).resume();
    return true;
  }

 private:
  std::atomic<void*> lies_here_{nullptr};
};

/// What a fiber has on its stack, changed in each turn, so that a thread which is not off it yet shows.
struct Chain {
  std::uint64_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};

  void advance() {
    for (std::size_t i = 0; i < 8; ++i) words[i] = words[i] * 31 + words[(i + 1) % 8];
  }
  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t all = 0;
    for (const std::uint64_t word : words) all = all * 3 + word;
    return all;
  }
  static std::uint64_t expected(int turns) {
    Chain chain;
    for (int i = 0; i < turns; ++i) chain.advance();
    return chain.sum();
  }
};

}  // namespace

TEST_CASE("a fiber that two threads pass to each other is never on both") {
  const int fibers = GENERATE(1, 3);
  Watchdog watchdog("a fiber between two threads", std::chrono::seconds(60));
  const std::uint64_t expected = Chain::expected(kTurns);
  Runtime rt{{.workers = 1}};
  std::vector<Slot> slots(static_cast<std::size_t>(fibers));
  std::atomic<bool> is_over{false};
  std::atomic<long> resumed[2]{};
  std::vector<std::thread> threads;
  for (std::atomic<long>& count : resumed) {
    threads.emplace_back([&slots, &is_over, &count] {
      while (!is_over.load(std::memory_order_relaxed)) {
        for (Slot& slot : slots) {
          if (slot.resume()) count.fetch_add(1, std::memory_order_relaxed);
        }
      }
    });
  }
  std::atomic<long> wrong{0};
  long rounds = 0;
  const StressClock clock;
  while (!clock.is_over()) {
    Counter done;
    for (Slot& slot : slots) {
      rt.spawn_fiber(
          [&slot, &wrong, expected] {
            Chain chain;
            std::atomic<int> inside{0};
            for (int turn = 0; turn < kTurns; ++turn) {
              if (inside.fetch_add(1, std::memory_order_relaxed) != 0) wrong.fetch_add(1);
              chain.advance();
              inside.fetch_sub(1, std::memory_order_relaxed);
              this_fiber::await(slot);
            }
            if (chain.sum() != expected) wrong.fetch_add(1);
          },
          done);
    }
    done.wait();
    ++rounds;
    watchdog.progress();
  }
  is_over.store(true);
  for (std::thread& thread : threads) thread.join();
  std::fprintf(stderr, "%d fibers: %ld and %ld turns on the two threads\n", fibers, resumed[0].load(), resumed[1].load());
  CHECK(resumed[0].load() + resumed[1].load() == rounds * fibers * kTurns);
  CHECK(wrong.load() == 0);
}

TEST_CASE("a fiber that waits for a counter is woken by a thread which counts as soon as it hears of it") {
  const unsigned workers = GENERATE(1u, 2u);
  SeededRandom random(workers);
  Runtime rt{{.workers = workers}};
  Watchdog watchdog("a thread wakes a fiber", std::chrono::seconds(60), [&rt] { return weft_test::describe_workers(rt); });
  std::atomic<Counter*> to_wake{nullptr};
  std::atomic<bool> is_over{false};
  std::thread waker([&, pauses = SeededRandom(random())]() mutable {
    while (!is_over.load(std::memory_order_relaxed)) {
      if (to_wake.load(std::memory_order_relaxed) == nullptr) continue;
      Counter* const counter = to_wake.exchange(nullptr);
      for (std::uint64_t pause = pauses.below(60); pause != 0; --pause) static_cast<void>(is_over.load(std::memory_order_relaxed));
      counter->sub();
    }
  });
  const std::uint64_t expected = Chain::expected(kTurns);
  long turns = 0, wrong = 0;
  const StressClock clock;
  while (!clock.is_over()) {
    Counter done;
    rt.spawn_fiber(
        [&] {
          Chain chain;
          for (int turn = 0; turn < kTurns; ++turn) {
            chain.advance();
            auto counter = std::make_unique<Counter>(1u);
            to_wake.store(counter.get());
            counter->wait();
          }
          wrong += chain.sum() != expected;
        },
        done);
    done.wait();
    turns += kTurns;
    watchdog.progress();
  }
  is_over.store(true);
  waker.join();
  std::fprintf(stderr, "%u workers: %ld turns\n", workers, turns);
  CHECK(wrong == 0);
}

TEST_CASE("two fibers wake each other in turn, on two workers that steal from each other") {
  Runtime rt{{.workers = 2}};
  Watchdog watchdog("two fibers wake each other", std::chrono::seconds(60), [&rt] { return weft_test::describe_workers(rt); });
  const std::uint64_t expected = Chain::expected(kTurns);
  std::atomic<long> wrong{0};
  long rounds = 0;
  const StressClock clock;
  while (!clock.is_over()) {
    struct Turn {
      Counter ping{1}, pong{1};
    };
    std::vector<Turn> turns(kTurns);
    Counter done;
    const auto play = [&](Counter Turn::* mine, Counter Turn::* other, bool begins) {
      Chain chain;
      for (Turn& turn : turns) {
        chain.advance();
        if (begins) (turn.*other).sub();
        (turn.*mine).wait();
        if (!begins) (turn.*other).sub();
      }
      if (chain.sum() != expected) wrong.fetch_add(1);
    };
    rt.spawn_fiber([&] { play(&Turn::ping, &Turn::pong, true); }, done);
    rt.spawn_fiber([&] { play(&Turn::pong, &Turn::ping, false); }, done);
    done.wait();
    ++rounds;
    watchdog.progress();
  }
  std::fprintf(stderr, "%ld turns, %llu steals\n", rounds * kTurns, static_cast<unsigned long long>(rt.stats().total().steals));
  CHECK(wrong.load() == 0);
}
