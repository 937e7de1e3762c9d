#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/small_tasks.hpp"

#include <atomic>
#include <coroutine>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Task;
using weft_test::value_of;

namespace {

Task<int> wait_for(Counter& counter, int value) {
  co_await counter;
  co_return value;
}

}  // namespace

TEST_CASE("sync_wait runs a task on the calling thread and gives its result") {
  auto where = []() -> Task<std::thread::id> {
    co_await weft::yield();
    co_return std::this_thread::get_id();
  };
  CHECK(weft::sync_wait(where()) == std::this_thread::get_id());
  CHECK(weft::sync_wait(value_of(3)) == 3);
}

TEST_CASE("a task in sync_wait is woken by another thread, and goes on here") {
  for (int round = 0; round < 300; ++round) {
    Counter counter(1);
    auto waits = [](Counter& until) -> Task<std::thread::id> {
      co_await until;
      co_return std::this_thread::get_id();
    };
    std::thread waker([&] { counter.sub(); });
    const std::thread::id where = weft::sync_wait(waits(counter));
    waker.join();
    REQUIRE(where == std::this_thread::get_id());
  }
}

TEST_CASE("forks, spawned work and groups run inside sync_wait") {
  auto all = []() -> Task<int> {
    std::atomic<int> sum{0};
    Counter counter;
    weft::spawn([&sum] { sum.fetch_add(1); }, counter);
    weft::TaskGroup group;
    group.spawn([&sum] { sum.fetch_add(10); });
    const auto [a, b] = co_await weft::when_all(value_of(100), value_of(200));
    co_await counter;
    co_await group.join();
    co_return sum.load() + a + b;
  };
  CHECK(weft::sync_wait(all()) == 311);
}

TEST_CASE("sync_wait returns only when what was detached inside has ended") {
  std::atomic<int> ended{0};
  auto detaches = [&]() -> Task<> {
    auto later = [](std::atomic<int>& counter) -> Task<> {
      for (int i = 0; i < 10; ++i) co_await weft::yield();
      counter.fetch_add(1);
    };
    weft::spawn_detached(later(ended));
    co_return;
  };
  weft::sync_wait(detaches());
  CHECK(ended.load() == 1);
}

TEST_CASE("a task in sync_wait that yields for ever does not hold back one that another thread has woken") {
  Counter counter(1);
  std::atomic<int> yields{0};
  std::atomic<bool> is_woken{false};
  auto yields_on = [](std::atomic<int>& times, const std::atomic<bool>& until) -> Task<> {
    while (!until.load()) {
      times.fetch_add(1);
      co_await weft::yield();
    }
  };
  auto waits = [](Counter& until, std::atomic<bool>& woken) -> Task<> {
    co_await until;
    woken.store(true);
  };
  std::thread waker([&] {
    while (yields.load() < 10) std::this_thread::yield();
    counter.sub();
  });
  auto both = [&]() -> Task<> {
    co_await weft::when_all(waits(counter, is_woken), yields_on(yields, is_woken));
  };
  weft::sync_wait(both());
  waker.join();
  CHECK(is_woken.load());
}

TEST_CASE("a Low job runs in sync_wait while a Normal task yields for ever") {
  std::atomic<bool> has_run{false};
  auto parent = [&]() -> Task<int> {
    weft::spawn_detached([&] { has_run.store(true); }, {.priority = weft::Priority::Low});
    int yields = 0;
    for (; !has_run.load(); ++yields) co_await weft::yield();
    co_return yields;
  };
  CHECK(weft::sync_wait(parent()) > 0);
}

TEST_CASE("sync_wait throws what the task throws") {
  auto fails = []() -> Task<> {
    throw std::runtime_error("sync");
    co_return;
  };
  CHECK_THROWS_WITH(weft::sync_wait(fails()), "sync");
}

TEST_CASE("sync_wait on a worker, and inside another, is a UsageError") {
  weft::Runtime rt{{.workers = 1}};
  CHECK_THROWS_AS(rt.run([] { weft::sync_wait(value_of(1)); }), weft::UsageError);
  auto nested = []() -> Task<int> { co_return weft::sync_wait(value_of(1)); };
  CHECK_THROWS_AS(weft::sync_wait(nested()), weft::UsageError);
}

TEST_CASE("several threads are in sync_wait at once, and wake each other") {
  Counter first(1);
  Counter second(1);
  auto passes = [](Counter& in, Counter& out) -> Task<> {
    co_await in;
    out.sub();
  };
  int got = 0;
  std::thread a([&] { weft::sync_wait(passes(first, second)); });
  std::thread b([&] { got = weft::sync_wait(wait_for(second, 5)); });
  first.sub();
  a.join();
  b.join();
  CHECK(got == 5);
}

TEST_CASE("sync_wait runs High before Normal before Low") {
  std::vector<int> order;
  auto parent = [&]() -> Task<> {
    Counter counter;
    weft::spawn([&] { order.push_back(3); }, counter, {.priority = weft::Priority::Low});
    weft::spawn([&] { order.push_back(2); }, counter, {.priority = weft::Priority::Normal});
    weft::spawn([&] { order.push_back(1); }, counter, {.priority = weft::Priority::High});
    co_await counter;
  };
  weft::sync_wait(parent());
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("an exception that a coroutine of another library lets out leaves sync_wait, and the thread is as before") {
  struct Foreign {
    struct promise_type {
      Foreign get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_always initial_suspend() noexcept { return {}; }
      std::suspend_always final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { throw; }
    };
    std::coroutine_handle<promise_type> handle;
  };
  auto foreign = []() -> Foreign {
    co_await weft::yield();
    throw std::runtime_error("let out");
  }();
  struct Start {
    std::coroutine_handle<> handle;
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const { handle.resume(); }
    static constexpr void await_resume() noexcept {}
  };
  auto parent = [&]() -> Task<> { co_await Start{foreign.handle}; };
  Task<> task = parent();
  CHECK_THROWS_WITH(weft::sync_wait(std::move(task)), "let out");
  CHECK(weft::current_worker() == nullptr);
  foreign.handle.destroy();
}
