#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;

namespace {

Task<> wait_for(Counter& counter, const std::atomic<int>& jobs, std::atomic<int>& early, std::atomic<int>& woken) {
  co_await counter;
  if (jobs.load(std::memory_order_relaxed) != 0) early.fetch_add(1);
  woken.fetch_add(1);
}

}  // namespace

TEST_CASE("spawn and counter storms from inside and outside at once") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  SeededRandom random(workers);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("spawn storm", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    const int jobs = 1 + static_cast<int>(random.below(3000));
    std::atomic<long> ran{0};
    Counter counter;
    std::thread outside([&] {
      for (int i = 0; i < jobs; ++i) rt.spawn([&] { ran.fetch_add(1, std::memory_order_relaxed); }, counter);
    });
    auto inside = [&]() -> Task<> {
      Counter own;
      for (int i = 0; i < jobs; ++i) {
        weft::spawn([&] { ran.fetch_add(1, std::memory_order_relaxed); }, i % 2 == 0 ? own : counter);
        if (i % 100 == 0) co_await weft::yield();
      }
      co_await own;
    };
    rt.run(inside());
    rt.spawn_batch(
        static_cast<std::size_t>(jobs),
        [&](std::size_t) { return [&] { ran.fetch_add(1, std::memory_order_relaxed); }; }, counter);
    outside.join();
    counter.wait();
    REQUIRE(ran.load() == 3L * jobs);
    watchdog.progress();
  }
}

TEST_CASE("waiters register while the last count goes, and each is woken once and not too early") {
  SeededRandom random(2);
  weft::Runtime rt{{.workers = 4}};
  Watchdog watchdog("counter registration", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    const int jobs = 1 + static_cast<int>(random.below(4));
    const int coroutines = static_cast<int>(random.below(6));
    const int threads = random.one_in(8) ? 2 : 0;
    std::atomic<int> left{jobs};
    std::atomic<int> early{0};
    std::atomic<int> woken{0};
    Counter counter(static_cast<std::uint32_t>(jobs));
    Counter waiters;
    std::vector<std::thread> blocked;
    for (int i = 0; i < threads; ++i) {
      blocked.emplace_back([&] {
        counter.wait();
        if (left.load(std::memory_order_relaxed) != 0) early.fetch_add(1);
        woken.fetch_add(1);
      });
    }
    for (int i = 0; i < std::max(jobs, coroutines); ++i) {
      if (i < coroutines) rt.spawn(wait_for(counter, left, early, woken), waiters);
      if (i < jobs) {
        rt.spawn_detached([&] {
          left.fetch_sub(1, std::memory_order_relaxed);
          counter.sub();
        });
      }
    }
    counter.wait();
    waiters.wait();
    for (std::thread& thread : blocked) thread.join();
    REQUIRE(woken.load() == coroutines + threads);
    REQUIRE(early.load() == 0);
    watchdog.progress();
  }
}

TEST_CASE("rounds of one counter follow each other without a pause, begun by several threads") {
  SeededRandom random(3);
  Watchdog watchdog("counter rounds", std::chrono::seconds(60));
  constexpr int kThreads = 4;
  const StressClock clock;
  Counter counter;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (!is_over.load()) {
        std::atomic<bool> is_done{false};
        counter.add();
        // While it holds a count nobody may be told that it is zero.
        if (counter.is_complete()) is_done.store(true);
        counter.sub();
        counter.wait();
        if (is_done.load()) std::abort();
        watchdog.progress();
      }
    });
  }
  while (!clock.is_over()) std::this_thread::yield();
  is_over.store(true);
  for (std::thread& thread : threads) thread.join();
  CHECK(counter.is_complete());
}

TEST_CASE("counters die as soon as their waiter goes on") {
  const StressClock clock;
  weft::Runtime rt{{.workers = 4}};
  Watchdog watchdog("short-lived counters", std::chrono::seconds(60));
  auto many = []() -> Task<> {
    for (int i = 0; i < 200; ++i) {
      auto counter = std::make_unique<Counter>();
      for (int k = 0; k < 3; ++k) weft::spawn([] {}, *counter);
      co_await *counter;
    }
  };
  while (!clock.is_over()) {
    rt.run(many());
    for (int i = 0; i < 50; ++i) {
      Counter counter;
      rt.spawn([] {}, counter);
      counter.wait();
    }
    watchdog.progress();
  }
  SUCCEED();
}

namespace {

constexpr int kNumbers = 1024;

/// What a job of a round throws.
struct RoundFailed {
  int number;  // of the round, modulo kNumbers
};

/// The exceptions of the rounds. ThreadSanitizer does not see the reference count of an exception, which lives in the C++
/// library, and takes its end for a race with whoever has read it; so there each number has one that outlives all threads.
class RoundErrors {
 public:
  [[noreturn]] void raise(int round) const {
    const int number = round % kNumbers;
    if (!kept_.empty()) std::rethrow_exception(kept_[static_cast<std::size_t>(number)]);
    throw RoundFailed{number};
  }

 private:
  static std::vector<std::exception_ptr> make() {
    std::vector<std::exception_ptr> errors;
    for (int number = 0; WEFT_TSAN && number < kNumbers; ++number) errors.push_back(std::make_exception_ptr(RoundFailed{number}));
    return errors;
  }

  std::vector<std::exception_ptr> kept_ = make();
};

/// A waiter that was registered by hand, so that it is known to be on the list.
struct Registered {
  weft::ThreadWaiter sleeper;
  weft::CounterWaiter entry;

  explicit Registered(Counter& counter) {
    entry.waiter = &sleeper;
    if (!counter.try_register(entry)) std::abort();  // the caller holds a count
  }
  /// The number of the round whose job has failed, or -1. Does not look at the counter.
  int failed_round() {
    sleeper.wait();
    try {
      entry.rethrow();
    } catch (const RoundFailed& failure) {
      return failure.number;
    }
    return -1;
  }
};

}  // namespace

TEST_CASE("rounds fail at random, and each waiter is thrown the error of its own round while others add and look") {
  SeededRandom random(4);
  const RoundErrors errors;
  weft::Runtime rt{{.workers = 3}};
  Watchdog watchdog("failing rounds", std::chrono::seconds(60));
  Counter counter;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> noise;
  noise.emplace_back([&] {
    while (!is_over.load()) {
      counter.add();
      counter.sub();
    }
  });
  noise.emplace_back([&] {
    while (!is_over.load()) {
      try {
        counter.rethrow();
      } catch (const RoundFailed&) {
      }
      try {
        counter.wait();
      } catch (const RoundFailed&) {
      }
    }
  });
  int wrong = 0;
  const StressClock clock;
  for (int round = 0; !clock.is_over(); ++round) {
    const int jobs = 1 + static_cast<int>(random.below(4));
    int failures = 0;
    counter.add();
    Registered before(counter);
    for (int i = 0; i < jobs; ++i) {
      const bool fails = random.one_in(4);
      failures += fails;
      rt.spawn(
          [fails, round, &errors] {
            if (fails) errors.raise(round);
          },
          counter);
    }
    Registered after(counter);
    counter.sub();
    const int expected = failures > 0 ? round % kNumbers : -1;
    wrong += before.failed_round() != expected;
    wrong += after.failed_round() != expected;
    watchdog.progress();
  }
  is_over.store(true);
  for (std::thread& thread : noise) thread.join();
  try {
    counter.wait();
  } catch (const RoundFailed&) {
  }
  CHECK(wrong == 0);
}

TEST_CASE("of many waiters the first to go on destroys the counter, or one who only asks") {
  SeededRandom random(5);
  const RoundErrors errors;
  weft::Runtime rt{{.workers = 2}};
  Watchdog watchdog("destroyed by the first", std::chrono::seconds(60));
  std::atomic<int> wrong{0};
  const StressClock clock;
  for (int round = 0; !clock.is_over(); ++round) {
    const bool asks = random.one_in(2);
    const bool fails = random.one_in(2);
    const int expected = fails ? round % kNumbers : -1;
    auto counter = std::make_unique<Counter>(1u);
    std::vector<std::unique_ptr<Registered>> waiters;
    for (int i = 0; i < 3; ++i) waiters.push_back(std::make_unique<Registered>(*counter));
    std::atomic<bool> is_mine{!asks};
    std::vector<std::thread> threads;
    for (auto& waiter : waiters) {
      threads.emplace_back([&] {
        if (waiter->failed_round() != expected) wrong.fetch_add(1);
        if (is_mine.exchange(false)) counter.reset();
      });
    }
    rt.spawn(
        [fails, round, &errors] {
          if (fails) errors.raise(round);
        },
        *counter);
    Counter& ending = *counter;
    if (asks) {
      threads.emplace_back([&] {
        while (!ending.is_complete()) std::this_thread::yield();
        counter.reset();
      });
    }
    ending.sub();
    for (std::thread& thread : threads) thread.join();
    watchdog.progress();
  }
  CHECK(wrong.load() == 0);
}
