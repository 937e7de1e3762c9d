#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Task;

namespace {

Task<> wait_for(Counter& counter, std::atomic<int>& woken) {
  co_await counter;
  woken.fetch_add(1);
}

/// Waits until `counter` has a waiter or more: nobody outside can see how many, so the waiters say so before they wait.
Task<> say_and_wait(Counter& counter, std::atomic<int>& waiting, std::atomic<int>& woken) {
  waiting.fetch_add(1);
  co_await counter;
  woken.fetch_add(1);
}

void wait_until(const std::atomic<int>& value, int wanted) {
  while (value.load() != wanted) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a counter at zero is complete, and waiting for it returns at once") {
  Counter counter;
  CHECK(counter.is_complete());
  CHECK(counter.value() == 0);
  counter.wait();
  auto waits = [](Counter& zero) -> Task<int> {
    co_await zero;
    co_return 1;
  };
  CHECK(weft::sync_wait(waits(counter)) == 1);
}

TEST_CASE("a counter counts up and down by any amount") {
  Counter counter(2);
  CHECK(counter.value() == 2);
  CHECK_FALSE(counter.is_complete());
  counter.add(10);
  counter.sub(5);
  CHECK(counter.value() == 7);
  counter.sub(7);
  CHECK(counter.is_complete());
}

TEST_CASE("a counter takes the largest count there is") {
  Counter counter(0xffffffffu);
  CHECK(counter.value() == 0xffffffffu);
  counter.sub(0xffffffffu);
  CHECK(counter.is_complete());
}

TEST_CASE("many coroutines and threads wait for one counter, and each is woken once") {
  constexpr int kCoroutines = 50;
  constexpr int kThreads = 3;
  weft::Runtime rt{{.workers = 2}};
  Counter counter(1);
  Counter waiters;
  std::atomic<int> waiting{0};
  std::atomic<int> woken{0};
  for (int i = 0; i < kCoroutines; ++i) rt.spawn(say_and_wait(counter, waiting, woken), waiters);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      waiting.fetch_add(1);
      counter.wait();
      woken.fetch_add(1);
    });
  }
  wait_until(waiting, kCoroutines + kThreads);
  CHECK(woken.load() == 0);
  counter.sub();
  waiters.wait();
  for (std::thread& thread : threads) thread.join();
  CHECK(woken.load() == kCoroutines + kThreads);
}

TEST_CASE("what the counted work did is visible to whoever has waited") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<bool> {
    bool right = true;
    for (int round = 0; round < 500; ++round) {
      int written = 0;
      Counter counter;
      weft::spawn([&written, round] { written = round; }, counter);
      co_await counter;
      right = right && written == round;
    }
    co_return right;
  };
  CHECK(rt.run(parent()));
}

TEST_CASE("a counter is reusable: adding at zero begins a new round") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    Counter counter;
    std::atomic<int> sum{0};
    for (int round = 0; round < 200; ++round) {
      for (int i = 0; i < 3; ++i) weft::spawn([&sum] { sum.fetch_add(1); }, counter);
      co_await counter;
      if (sum.load() != 3 * (round + 1)) co_return -1;
    }
    co_return sum.load();
  };
  CHECK(rt.run(parent()) == 600);
}

TEST_CASE("a reset counter starts over with a count and without an error") {
  Counter counter;
  counter.fail(std::make_exception_ptr(std::runtime_error("old")));
  CHECK_THROWS_WITH(counter.wait(), "old");
  counter.reset(2);
  CHECK(counter.value() == 2);
  counter.sub(2);
  CHECK_NOTHROW(counter.wait());
}

TEST_CASE("a waiter is woken by the zero after it began to wait, even if somebody adds again at once") {
  weft::Runtime rt{{.workers = 2}};
  for (int round = 0; round < 200; ++round) {
    Counter counter(1);
    Counter waiters;
    std::atomic<int> woken{0};
    rt.spawn(wait_for(counter, woken), waiters);
    counter.sub();
    counter.add();
    counter.sub();
    waiters.wait();
    REQUIRE(woken.load() == 1);
  }
}

TEST_CASE("a counter may be destroyed by its waiter as soon as that one goes on") {
  weft::Runtime rt{{.workers = 4}};
  auto parent = []() -> Task<int> {
    int rounds = 0;
    for (; rounds < 3000; ++rounds) {
      auto counter = std::make_unique<Counter>();
      weft::spawn([] {}, *counter);
      co_await *counter;
      counter.reset();  // the waker may still be on its way out of sub()
    }
    co_return rounds;
  };
  CHECK(rt.run(parent()) == 3000);
  for (int round = 0; round < 1000; ++round) {
    Counter counter;
    rt.spawn([] {}, counter);
    counter.wait();
  }
}

TEST_CASE("every waiter is thrown the first error of the counted work") {
  weft::Runtime rt{{.workers = 2}};
  auto waiter = [](Counter& counter, std::atomic<int>& thrown) -> Task<> {
    try {
      co_await counter;
    } catch (const std::runtime_error&) {
      thrown.fetch_add(1);
    }
  };
  Counter counter(1);
  Counter waiters;
  std::atomic<int> thrown{0};
  for (int i = 0; i < 10; ++i) rt.spawn(waiter(counter, thrown), waiters);
  std::thread thread([&] {
    try {
      counter.wait();
    } catch (const std::runtime_error&) {
      thrown.fetch_add(1);
    }
  });
  for (int i = 0; i < 5; ++i) rt.spawn([] { throw std::runtime_error("job"); }, counter);
  counter.sub();
  waiters.wait();
  thread.join();
  CHECK(thrown.load() == 11);
  CHECK_THROWS_WITH(counter.wait(), "job");
  CHECK_THROWS_WITH(counter.rethrow(), "job");
}

TEST_CASE("the first error handed over is the one that is thrown") {
  Counter counter(2);
  counter.fail(std::make_exception_ptr(std::runtime_error("first")));
  counter.sub();
  counter.fail(std::make_exception_ptr(std::runtime_error("second")));
  counter.sub();
  CHECK_THROWS_WITH(counter.wait(), "first");
}

TEST_CASE("waiting with the thread on a worker is a UsageError, for a counter at zero too") {
  weft::Runtime rt{{.workers = 2}};
  Counter counter;
  CHECK_THROWS_AS(rt.run([&] { counter.wait(); }), weft::UsageError);
  Counter other(1);
  CHECK_THROWS_AS(rt.run([&] { other.wait(); }), weft::UsageError);
  other.sub();
}

TEST_CASE("jobs that take long are counted off one by one") {
  weft::Runtime rt{{.workers = 1}};
  constexpr std::uint32_t kJobs = 20;
  std::vector<std::uint32_t> seen;
  auto parent = [&]() -> Task<> {
    Counter counter;
    const auto job = [&] {
      seen.push_back(counter.value());
      // Ten times as long as jobs that are counted off together.
      const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
      while (std::chrono::steady_clock::now() < end) {
      }
    };
    for (std::uint32_t i = 0; i < kJobs; ++i) weft::spawn(job, counter);
    co_await counter;
  };
  rt.run(parent());
  std::vector<std::uint32_t> one_by_one;
  for (std::uint32_t left = kJobs; left > 0; --left) one_by_one.push_back(left);
  CHECK(seen == one_by_one);
}
