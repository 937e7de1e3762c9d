#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

using weft::Task;
using weft::TaskGroup;
namespace this_task = weft::this_task;

namespace {

Task<> add(std::atomic<int>& sum, int n) {
  co_await weft::yield();
  sum.fetch_add(n);
}
Task<int> value_of(int value) { co_return value; }
Task<> stops_when_asked(std::atomic<int>& stopped) {
  co_await weft_test::until_stopped();
  stopped.fetch_add(1);
}
Task<> fails_later() {
  co_await weft::yield();
  throw std::runtime_error("child");
}

/// A tree whose nodes are spawned by their parents into one group.
Task<> grow(TaskGroup& group, std::atomic<int>& nodes, int depth) {
  nodes.fetch_add(1);
  if (depth > 0) {
    group.spawn(grow(group, nodes, depth - 1));
    group.spawn(grow(group, nodes, depth - 1));
  }
  co_return;
}

}  // namespace

TEST_CASE("join waits for tasks, callables and callables that return tasks, and drops their results") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  auto parent = [](std::atomic<int>& total) -> Task<int> {
    TaskGroup group;
    group.spawn(add(total, 1));
    group.spawn([&total] { total.fetch_add(10); });
    group.spawn([&total] { return add(total, 100); });
    group.spawn(value_of(5));
    group.spawn([] { return 6; });
    co_await group.join();
    co_return total.load();
  };
  for (int round = 0; round < 100; ++round) {
    sum = 0;
    REQUIRE(rt.run(parent(sum)) == 111);
  }
}

TEST_CASE("children spawn children into their group, and join waits for all of them") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> nodes{0};
    auto parent = [](std::atomic<int>& counted) -> Task<int> {
      TaskGroup group;
      group.spawn(grow(group, counted, 9));
      co_await group.join();
      co_return counted.load();
    };
    CHECK(rt.run(parent(nodes)) == 1023);
  }
}

TEST_CASE("a group without children joins at once, and may be joined again") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<int> sum{0};
  auto parent = [](std::atomic<int>& total) -> Task<int> {
    TaskGroup group;
    co_await group.join();
    group.spawn(add(total, 1));
    co_await group.join();
    group.spawn(add(total, 2));
    co_await group.join();
    co_return total.load();
  };
  CHECK(rt.run(parent(sum)) == 3);
}

TEST_CASE("a child that throws stops its siblings, and join throws what it threw") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> stopped{0};
    auto parent = [](std::atomic<int>& counter) -> Task<> {
      TaskGroup group;
      for (int i = 0; i < 5; ++i) group.spawn(stops_when_asked(counter));
      group.spawn(fails_later());
      co_await group.join();
    };
    CHECK_THROWS_WITH(rt.run(parent(stopped)), "child");
    CHECK(stopped.load() == 5);
  }
}

TEST_CASE("a plain callable that throws stops its siblings too") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto parent = [](std::atomic<int>& counter) -> Task<> {
    TaskGroup group;
    group.spawn(stops_when_asked(counter));
    group.spawn([] { throw std::runtime_error("callable"); });
    co_await group.join();
  };
  CHECK_THROWS_WITH(rt.run(parent(stopped)), "callable");
  CHECK(stopped.load() == 1);
}

TEST_CASE("request_stop reaches every child of the group and nobody else") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto parent = [](std::atomic<int>& counter) -> Task<bool> {
    TaskGroup group;
    for (int i = 0; i < 5; ++i) group.spawn(stops_when_asked(counter));
    group.request_stop();
    co_await group.join();
    co_return co_await this_task::stop_requested();
  };
  CHECK_FALSE(rt.run(parent(stopped)));
  CHECK(stopped.load() == 5);
}

TEST_CASE("a stop request to the parent reaches the children while it joins") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto parent = [](std::atomic<int>& counter) -> Task<> {
    TaskGroup group;
    for (int i = 0; i < 5; ++i) group.spawn(stops_when_asked(counter));
    co_await group.join();
  };
  auto outer = [&]() -> Task<> { co_await weft::when_all(parent(stopped), fails_later()); };
  CHECK_THROWS_WITH(rt.run(outer()), "child");
  CHECK(stopped.load() == 5);
}

TEST_CASE("a cancelled runtime reaches the children of a group") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  weft::Counter counter;
  auto parent = [](std::atomic<int>& ended) -> Task<> {
    TaskGroup group;
    for (int i = 0; i < 5; ++i) group.spawn(stops_when_asked(ended));
    co_await group.join();
  };
  rt.spawn(parent(stopped), counter);
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK(stopped.load() == 5);
}

TEST_CASE("a group outside a runtime is a UsageError") { CHECK_THROWS_AS(TaskGroup(), weft::UsageError); }

TEST_CASE("closures and frames of a group are all freed") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 2}};
    auto parent = []() -> Task<> {
      TaskGroup group;
      for (int i = 0; i < 100; ++i) {
        auto closure = [kept = weft_test::Counted(i)] { static_cast<void>(kept.value()); };
        group.spawn(std::move(closure));
      }
      co_await group.join();
    };
    rt.run(parent());
  }
  CHECK(weft_test::Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == base);
}
