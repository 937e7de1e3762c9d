#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/small_tasks.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::JoinHandle;
using weft::Task;
using weft_test::add;
using weft_test::Counted;
using weft_test::value_of;

namespace {

Task<> fails_with(const char* what) {
  throw std::runtime_error(what);
  co_return;
}

/// Collects what nobody could receive.
struct Unhandled {
  std::function<void(std::exception_ptr)> handler() {
    return [this](std::exception_ptr error) {
      const std::lock_guard lock(mutex);
      try {
        std::rethrow_exception(std::move(error));
      } catch (const std::exception& e) {
        messages.emplace_back(e.what());
      }
    };
  }
  std::mutex mutex;
  std::vector<std::string> messages;
};

std::atomic<int> calls{0};
void count_call() { calls.fetch_add(1); }

}  // namespace

TEST_CASE("a function is spawned by its name") {
  weft::Runtime rt{{.workers = 1}};
  Counter counter;
  rt.spawn(count_call, counter);
  rt.spawn_fiber(count_call, counter);
  counter.wait();
  rt.spawn(count_call).wait();
  CHECK(calls.exchange(0) == 3);
}

TEST_CASE("tasks, callables and callables that return tasks are spawned and counted, inside and outside") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  Counter counter;
  rt.spawn(add(sum, 1), counter);
  rt.spawn([&sum] { sum.fetch_add(10); }, counter);
  rt.spawn([&sum] { return add(sum, 100); }, counter);
  counter.wait();
  CHECK(sum.load() == 111);
  rt.run([&] {
    weft::spawn(add(sum, 1), counter);
    weft::spawn([&sum] { sum.fetch_add(10); }, counter);
    weft::spawn([&sum] { return add(sum, 100); }, counter);
  });
  counter.wait();
  CHECK(sum.load() == 222);
}

TEST_CASE("spawned closures may own what they capture, and are destroyed before the counter goes down") {
  weft::Runtime rt{{.workers = 4}};
  for (int round = 0; round < 300; ++round) {
    Counter counter;
    for (int i = 0; i < 4; ++i) rt.spawn([kept = Counted(i)] { static_cast<void>(kept); }, counter);
    rt.spawn([kept = std::make_unique<Counted>(5)]() -> Task<> {
      co_await weft::yield();
      static_cast<void>(kept->value());
    }, counter);
    counter.wait();
    REQUIRE(Counted::alive() == 0);
  }
}

TEST_CASE("spawn_batch spawns each index once, tasks and callables") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<std::atomic<int>> hits(1000);
  Counter counter;
  rt.spawn_batch(hits.size(), [&](std::size_t i) { return [&hits, i] { hits[i].fetch_add(1); }; }, counter);
  counter.wait();
  rt.run([&] {
    weft::spawn_batch(hits.size(), [&](std::size_t i) { return add(hits[i], 1); }, counter);
  });
  counter.wait();
  int right = 0;
  for (const auto& hit : hits) right += hit.load() == 2 ? 1 : 0;
  CHECK(right == 1000);
}

TEST_CASE("spawn_batch of nothing leaves the counter at zero") {
  weft::Runtime rt{{.workers = 1}};
  Counter counter;
  rt.spawn_batch(0, [](std::size_t) { return [] {}; }, counter);
  CHECK(counter.is_complete());
}

TEST_CASE("when spawn_batch cannot make the i-th, those before it run and are counted") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ran{0};
  Counter counter;
  CHECK_THROWS_WITH(rt.spawn_batch(10,
                                   [&](std::size_t i) {
                                     if (i == 5) throw std::runtime_error("no fifth");
                                     return [&ran] { ran.fetch_add(1); };
                                   },
                                   counter),
                    "no fifth");
  counter.wait();
  CHECK(ran.load() == 5);
}

TEST_CASE("an exception of spawned work is thrown by whoever awaits its counter") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<std::string> {
    Counter counter;
    weft::spawn(fails_with("spawned"), counter);
    weft::spawn([] {}, counter);
    std::string said = "nothing";
    try {
      co_await counter;
    } catch (const std::runtime_error& error) {
      said = error.what();
    }
    co_return said;
  };
  CHECK(rt.run(parent()) == "spawned");
}

TEST_CASE("spawning outside a runtime is a UsageError that names the remedy") {
  Counter counter;
  const auto calls = [](const std::string& name) {
    return Catch::Contains(name + " was called outside a runtime: call Runtime::" + name + ",");
  };
  CHECK_THROWS_AS(weft::spawn([] {}, counter), weft::UsageError);
  CHECK_THROWS_WITH(weft::spawn([] {}, counter), calls("spawn"));
  CHECK_THROWS_WITH(static_cast<void>(weft::spawn(value_of(1))), calls("spawn"));
  CHECK_THROWS_WITH(weft::spawn_detached([] {}), calls("spawn_detached"));
  CHECK_THROWS_WITH(weft::spawn_batch(1, [](std::size_t) { return [] {}; }, counter), calls("spawn_batch"));
  CHECK(counter.is_complete());
}

TEST_CASE("JoinHandle::wait on a worker is refused by its own name") {
  weft::Runtime rt{{.workers = 1}};
  weft::JoinHandle<int> handle = rt.spawn(value_of(1));
  rt.run([&handle] { CHECK_THROWS_WITH(handle.wait(), Catch::Contains("JoinHandle::wait was called on a worker")); });
  CHECK(handle.wait() == 1);
}

TEST_CASE("spawn_detached runs to its end before the runtime is destroyed") {
  std::atomic<int> sum{0};
  {
    weft::Runtime rt{{.workers = 2}};
    for (int i = 0; i < 100; ++i) rt.spawn_detached(add(sum, 1));
    rt.run([&] {
      for (int i = 0; i < 100; ++i) weft::spawn_detached([&sum] { sum.fetch_add(1); });
    });
  }
  CHECK(sum.load() == 200);
}

TEST_CASE("an exception of detached work goes to on_unhandled") {
  Unhandled unhandled;
  {
    weft::Runtime rt{{.workers = 2, .on_unhandled = unhandled.handler()}};
    rt.spawn_detached(fails_with("task"));
    rt.spawn_detached([] { throw std::runtime_error("job"); });
  }
  CHECK(unhandled.messages.size() == 2);
}

TEST_CASE("work that nobody waits for may stop as it was asked to: that is no unhandled exception") {
  auto stops = []() -> Task<> {
    for (;;) {
      co_await weft::this_task::stop_point();
      co_await weft::yield();
    }
  };
  weft::Runtime rt{{.workers = 2}};  // whose default is to terminate
  rt.spawn_detached(stops());
  { auto dropped = rt.spawn(stops()); }
  Counter counter;
  rt.spawn(stops(), counter);
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
}

TEST_CASE("a join handle gives the value, nothing, a reference or something that only moves") {
  weft::Runtime rt{{.workers = 2}};
  int target = 1;
  JoinHandle<int> from_task = rt.spawn(value_of(7));
  JoinHandle<int> from_job = rt.spawn([] { return 8; });
  JoinHandle<void> nothing = rt.spawn([] {});
  JoinHandle<int&> reference = rt.spawn([&target]() -> int& { return target; });
  JoinHandle<std::unique_ptr<int>> owned = rt.spawn([] { return std::make_unique<int>(9); });
  CHECK(from_task.wait() == 7);
  CHECK(from_job.wait() == 8);
  nothing.wait();
  CHECK(&reference.wait() == &target);
  CHECK(*owned.wait() == 9);
}

TEST_CASE("a join handle is awaited in a task, before and after the work has ended") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    auto early = weft::spawn(value_of(1));
    int sum = co_await std::move(early);
    auto late = weft::spawn([] { return 20; });
    while (!late.is_done()) co_await weft::yield();
    sum += co_await std::move(late);
    auto coroutine = weft::spawn([]() -> Task<int> {
      co_await weft::yield();
      co_return 300;
    });
    sum += co_await std::move(coroutine);
    co_return sum;
  };
  for (int round = 0; round < 100; ++round) REQUIRE(rt.run(parent()) == 321);
}

TEST_CASE("a join handle gives a result that cannot be assigned") {
  struct Fixed {
    const int id;
  };
  weft::Runtime rt{{.workers = 2}};
  auto makes = []() -> Task<Fixed> { co_return Fixed{3}; };
  auto from_task = rt.spawn(makes());
  auto from_job = rt.spawn([] { return Fixed{4}; });
  CHECK(from_task.wait().id == 3);
  CHECK(from_job.wait().id == 4);
}

TEST_CASE("a join handle throws what moving the result, or the job, throws") {
  struct ThrowsWhenMoved {
    explicit ThrowsWhenMoved(int moves) : moves_left(moves) {}
    ThrowsWhenMoved(ThrowsWhenMoved&& other) : moves_left(other.moves_left - 1) {
      if (moves_left < 0) throw std::runtime_error("moved");
    }
    int moves_left;
  };
  weft::Runtime rt{{.workers = 2}};
  auto makes = [](int moves) -> Task<ThrowsWhenMoved> { co_return ThrowsWhenMoved(moves); };
  int thrown = 0;
  int arrived = 0;
  for (int moves = 0; moves < 10; ++moves) {
    auto handle = rt.spawn(makes(moves));
    try {
      static_cast<void>(handle.wait());
      ++arrived;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(thrown > 0);
  CHECK(arrived > 0);
  CHECK(thrown + arrived == 10);
  struct Job {
    ThrowsWhenMoved ballast;
    int operator()() const { return 1; }
  };
  thrown = arrived = 0;
  for (int moves = 0; moves < 10; ++moves) {
    try {
      auto handle = rt.spawn(Job{ThrowsWhenMoved(moves)});
      arrived += handle.wait();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(thrown > 0);
  CHECK(arrived > 0);
  CHECK(thrown + arrived == 10);
}

TEST_CASE("a join handle throws what the work threw") {
  weft::Runtime rt{{.workers = 2}};
  auto handle = rt.spawn(fails_with("joined"));
  CHECK_THROWS_WITH(handle.wait(), "joined");
  auto job = rt.spawn([]() -> int { throw std::runtime_error("job"); });
  CHECK_THROWS_WITH(job.wait(), "job");
}

TEST_CASE("the result of a join handle is taken once; an empty one is a UsageError") {
  weft::Runtime rt{{.workers = 1}};
  auto handle = rt.spawn(value_of(1));
  CHECK(handle.wait() == 1);
  CHECK_THROWS_AS(handle.wait(), weft::UsageError);
  CHECK_THROWS_AS(JoinHandle<int>().wait(), weft::UsageError);
  CHECK_FALSE(JoinHandle<int>().is_done());
}

TEST_CASE("waiting for a join handle on a worker is a UsageError") {
  weft::Runtime rt{{.workers = 2}};
  CHECK_THROWS_AS(rt.run([] {
    auto handle = weft::spawn(value_of(1));
    handle.wait();
  }),
                  weft::UsageError);
}

TEST_CASE("work whose join handle was dropped runs to its end") {
  std::atomic<int> sum{0};
  {
    weft::Runtime rt{{.workers = 2}};
    { auto dropped = rt.spawn(add(sum, 1)); }
    { auto dropped = rt.spawn([&sum] { sum.fetch_add(1); }); }
  }
  CHECK(sum.load() == 2);
}

TEST_CASE("an exception of work whose join handle was dropped goes to on_unhandled") {
  Unhandled unhandled;
  {
    weft::Runtime rt{{.workers = 1, .on_unhandled = unhandled.handler()}};
    rt.run([] {
      // One worker: neither runs before both handles are gone.
      { auto dropped = weft::spawn(fails_with("task")); }
      { auto dropped = weft::spawn([] { throw std::runtime_error("job"); }); }
    });
  }
  CHECK(unhandled.messages.size() == 2);
}

TEST_CASE("an exception that nobody fetched before its join handle was dropped goes to on_unhandled") {
  Unhandled unhandled;
  weft::Runtime rt{{.workers = 2, .on_unhandled = unhandled.handler()}};
  {
    auto handle = rt.spawn([] { throw std::runtime_error("kept"); });
    while (!handle.is_done()) std::this_thread::yield();
  }
  CHECK(rt.shutdown().is_complete());
  CHECK(unhandled.messages == std::vector<std::string>{"kept"});
}

TEST_CASE("a join handle may outlive its runtime") {
  Unhandled unhandled;
  {
    JoinHandle<int> value;
    JoinHandle<void> error;
    {
      weft::Runtime rt{{.workers = 2, .on_unhandled = unhandled.handler()}};
      value = rt.spawn([] { return 5; });
      error = rt.spawn([] { throw std::runtime_error("late"); });
    }
    CHECK(value.wait() == 5);
    CHECK(unhandled.messages.empty());
  }
  CHECK(unhandled.messages == std::vector<std::string>{"late"});
}

TEST_CASE("spawned work leaves no memory behind") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 2}};
    Counter counter;
    for (int i = 0; i < 500; ++i) {
      rt.spawn([kept = Counted(i)] { static_cast<void>(kept); }, counter);
      rt.spawn(value_of(i), counter);
      CHECK(rt.spawn(value_of(i)).wait() == i);
    }
    counter.wait();
  }
  CHECK(Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("whoever joins goes on after the closure, or the task's parameters and locals, have been destroyed") {
  weft::Runtime rt{{.workers = 2}};
  auto takes = [](Counted guard) -> Task<int> { co_return guard.value(); };
  auto parent = [takes]() -> Task<int> {
    int alive = 0;
    for (int round = 0; round < 1000; ++round) {
      auto closure = weft::spawn([guard = Counted(1)] { return guard.value(); });
      static_cast<void>(co_await std::move(closure));
      alive += Counted::alive();
      auto task = weft::spawn(takes(Counted(2)));
      static_cast<void>(co_await std::move(task));
      alive += Counted::alive();
    }
    co_return alive;
  };
  CHECK(rt.run(parent()) == 0);
}

TEST_CASE("a batch from outside is posted whole: each index once, also beyond what is posted at a time") {
  weft::Runtime rt{{.workers = 2}};
  for (const std::size_t count : {1u, 63u, 64u, 65u, 1000u}) {
    std::vector<std::atomic<int>> ran(count);
    Counter counter;
    rt.spawn_batch(count, [&](std::size_t i) { return [&ran, i] { ran[i].fetch_add(1); }; }, counter);
    counter.wait();
    CHECK(std::all_of(ran.begin(), ran.end(), [](const auto& times) { return times.load() == 1; }));
  }
}

TEST_CASE("a batch whose jobs throw hands one exception to whoever awaits the counter, and runs the others") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ran{0};
  Counter counter;
  rt.spawn_batch(
      100,
      [&](std::size_t i) {
        return [&ran, i] {
          ran.fetch_add(1);
          if (i % 10 == 0) throw std::runtime_error("job");
        };
      },
      counter);
  CHECK_THROWS_WITH(counter.wait(), "job");
  CHECK(ran.load() == 100);
}

TEST_CASE("jobs of several counters that end in turn are each counted off") {
  for (const unsigned workers : {1u, 2u}) {
    weft::Runtime rt{{.workers = workers}};
    auto parent = []() -> Task<int> {
      constexpr int kCounters = 3;
      int sum = 0;
      for (int round = 0; round < 200; ++round) {
        std::array<Counter, kCounters> counters;
        std::atomic<int> ran{0};
        for (int i = 0; i < 30; ++i) weft::spawn([&ran] { ran.fetch_add(1); }, counters[static_cast<std::size_t>(i % kCounters)]);
        for (Counter& counter : counters) co_await counter;
        sum += ran.load();
      }
      co_return sum;
    };
    CHECK(rt.run(parent()) == 6000);
  }
}
