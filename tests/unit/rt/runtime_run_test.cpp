#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;

namespace {

Task<int> value_of(int value) { co_return value; }
Task<long> fib(int n) {
  if (n < 2) co_return n;
  const auto [a, b] = co_await weft::when_all(fib(n - 1), fib(n - 2));
  co_return a + b;
}

}  // namespace

TEST_CASE("run takes a task, a callable, and a callable that returns a task") {
  Runtime rt{{.workers = 2}};
  CHECK(rt.run(value_of(1)) == 1);
  CHECK(rt.run([] { return 2; }) == 2);
  CHECK(rt.run([] { return value_of(3); }) == 3);
  int written = 0;
  rt.run([&] { written = 4; });
  CHECK(written == 4);
}

TEST_CASE("run gives references and values that only move, and throws what the work throws") {
  Runtime rt{{.workers = 2}};
  int target = 1;
  CHECK(&rt.run([&]() -> int& { return target; }) == &target);
  auto reference = [](int& to) -> Task<int&> { co_return to; };
  CHECK(&rt.run(reference(target)) == &target);
  CHECK(*rt.run([] { return std::make_unique<int>(5); }) == 5);
  CHECK_THROWS_WITH(rt.run([] { throw std::runtime_error("job"); }), "job");
  auto fails = []() -> Task<int> {
    throw std::runtime_error("task");
    co_return 0;
  };
  CHECK_THROWS_WITH(rt.run(fails()), "task");
}

TEST_CASE("the closure of a lambda coroutine lives until run returns") {
  Runtime rt{{.workers = 2}};
  auto owned = std::make_unique<int>(6);
  const int got = rt.run([owned = std::move(owned)]() -> Task<int> {
    co_await weft::yield();
    co_return *owned;
  });
  CHECK(got == 6);
}

TEST_CASE("the calling thread takes part: a short task runs on it") {
  Runtime rt{{.workers = 2}};
  const std::thread::id here = std::this_thread::get_id();
  CHECK(rt.run([] { return std::this_thread::get_id(); }) == here);
}

TEST_CASE("several threads run tasks in one runtime at once, more of them than workers") {
  Runtime rt{{.workers = 2}};
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 30; ++round) {
        if (rt.run(fib(10)) == 55) right.fetch_add(1);
        if (rt.run([] { return 1; }) == 1) right.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right.load() == 6 * 30 * 2);
}

TEST_CASE("the first run and the first spawn of a runtime may come from two threads at once") {
  for (int round = 0; round < 200; ++round) {
    Runtime rt{{.workers = 2}};
    Counter counter;
    std::latch both(2);
    std::thread spawner([&] {
      both.arrive_and_wait();
      for (int i = 0; i < 3; ++i) rt.spawn([] {}, counter);
    });
    both.arrive_and_wait();
    REQUIRE(rt.run(fib(3)) == 2);
    spawner.join();
    counter.wait();
  }
}

TEST_CASE("a thread inside run waits for work that another thread's run brings") {
  Runtime rt{{.workers = 1}};
  Counter gate(1);
  std::atomic<bool> waits{false};
  auto waiter = [&]() -> Task<int> {
    waits.store(true);
    co_await gate;
    co_return 5;
  };
  int got = 0;
  std::thread first([&] { got = rt.run(waiter()); });
  while (!waits.load()) std::this_thread::yield();
  rt.run([&] { gate.sub(); });
  first.join();
  CHECK(got == 5);
}

TEST_CASE("several runtimes live side by side and their tasks do not mix") {
  Runtime first{{.workers = 2}};
  Runtime second{{.workers = 1}};
  CHECK(&first.executor() != &second.executor());
  for (int round = 0; round < 20; ++round) {
    CHECK(first.run(fib(10)) == 55);
    CHECK(second.run(fib(10)) == 55);
  }
  const weft::Executor* const where = first.run([] { return weft::current_worker()->executor; });
  CHECK(where == &first.executor());
}

TEST_CASE("a job of one runtime spawns into another") {
  Runtime first{{.workers = 1}};
  Runtime second{{.workers = 1}};
  Counter counter;
  const weft::Executor* where = nullptr;
  first.run([&] { second.spawn([&] { where = weft::current_worker()->executor; }, counter); });
  counter.wait();
  CHECK(where == &second.executor());
}

TEST_CASE("stats count what the workers did") {
  Runtime rt{{.workers = 2}};
  Counter counter;
  for (int i = 0; i < 100; ++i) rt.spawn([] {}, counter);
  counter.wait();
  CHECK(rt.run(fib(12)) == 144);
  const weft::RuntimeStats stats = rt.stats();
  CHECK(stats.workers.size() == 2);
  CHECK(stats.total().jobs >= 100);
  CHECK(stats.age.count() > 0);
  CHECK(stats.utilisation() >= 0.0);
  CHECK(stats.utilisation() <= 1.0);
  CHECK(stats.total().idle.count() > 0);
}

TEST_CASE("stats count no time as idle in which a guest had the seat of a worker that sleeps") {
  Runtime rt{{.workers = 1}};
  rt.spawn([] {}).wait();
  while (rt.stats().total().parks == 0) std::this_thread::yield();  // the worker's thread is there, and sleeps
  std::chrono::nanoseconds worked{};
  rt.run([&worked] {
    const auto start = std::chrono::steady_clock::now();
    while (worked < std::chrono::milliseconds(20)) worked = std::chrono::steady_clock::now() - start;
  });
  rt.spawn([] {}).wait();  // wakes the thread, which ends its sleep
  const weft::RuntimeStats stats = rt.stats();
  CHECK(stats.total().idle + worked <= stats.age);
}

TEST_CASE("stats may be asked for while the workers run") {
  Runtime rt{{.workers = 2}};
  Counter counter;
  rt.spawn(fib(18), counter);
  std::uint64_t before = 0;
  bool grows = true;
  while (!counter.is_complete()) {
    const std::uint64_t now = rt.stats().total().jobs;
    grows = grows && now >= before;
    before = now;
  }
  CHECK(grows);
}

TEST_CASE("run does not do work on the calling thread that its task does not wait for") {
  weft::Runtime rt{{.workers = 2}};
  std::latch has_returned(1);
  std::latch is_done(1);
  std::thread::id ran_on;
  auto root = [&]() -> Task<> {
    Counter counted;
    weft::spawn([] {}, counted);
    // A thread that took whatever lies here would take this too, and wait for itself.
    weft::spawn_detached([&] {
      ran_on = std::this_thread::get_id();
      has_returned.wait();
      is_done.count_down();
    });
    co_await counted;
  };
  rt.run(root());
  has_returned.count_down();
  is_done.wait();
  CHECK(ran_on != std::this_thread::get_id());
}

TEST_CASE("run does the plain jobs that its task waits for, and what the task does then, on the calling thread") {
  weft::Runtime rt{{.workers = 1}};
  std::vector<std::thread::id> ran_on;
  auto root = [&]() -> Task<> {
    Counter counted;
    for (int i = 0; i < 100; ++i) weft::spawn([&] { ran_on.push_back(std::this_thread::get_id()); }, counted);
    co_await counted;
    ran_on.push_back(std::this_thread::get_id());
  };
  rt.run(root());
  CHECK(ran_on == std::vector<std::thread::id>(101, std::this_thread::get_id()));
}

TEST_CASE("jobs of a higher priority come before those that a thread inside run waits for") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto root = [&]() -> Task<> {
    Counter counted;
    Counter others;
    weft::spawn([&] { order += 'N'; }, counted);
    weft::spawn([&] { order += 'H'; }, others, {.priority = weft::Priority::High});
    co_await counted;
    co_await others;
  };
  rt.run(root());
  CHECK(order == "HN");
}
