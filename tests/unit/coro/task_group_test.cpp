#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"
#include "support/counted.hpp"
#include "support/small_tasks.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

using weft::Task;
using weft::TaskGroup;
using weft_test::value_of;
namespace this_task = weft::this_task;

namespace {

Task<> add_later(std::atomic<int>& sum, int n) {
  co_await weft::yield();
  sum.fetch_add(n);
}
Task<> stops_when_asked(std::atomic<int>& stopped) {
  co_await weft_test::until_stopped();
  stopped.fetch_add(1);
}
Task<> fails_after_yield() {
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

/// Spawns a child that waits to be stopped, then goes wrong before it could join.
Task<> spawns_and_throws(TaskGroup& group, std::atomic<int>& stopped) {
  group.spawn(stops_when_asked(stopped));
  co_await weft::yield();
  throw std::runtime_error("parent");
}

}  // namespace

TEST_CASE("join waits for tasks, callables and callables that return tasks, and drops their results") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  auto parent = [](std::atomic<int>& total) -> Task<int> {
    TaskGroup group;
    group.spawn(add_later(total, 1));
    group.spawn([&total] { total.fetch_add(10); });
    group.spawn([&total] { return add_later(total, 100); });
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
    group.spawn(add_later(total, 1));
    co_await group.join();
    group.spawn(add_later(total, 2));
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
      group.spawn(fails_after_yield());
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
  auto outer = [&]() -> Task<> { co_await weft::when_all(parent(stopped), fails_after_yield()); };
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

TEST_CASE("a group outside a runtime is a UsageError that says so") {
  CHECK_THROWS_AS(TaskGroup(), weft::UsageError);
  CHECK_THROWS_WITH(TaskGroup(), Catch::Contains("a TaskGroup was made outside a runtime"));
}

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

TEST_CASE("with_task_group returns what the body returns, after all children have ended") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> nodes{0};
    auto body = [&](TaskGroup& group) -> Task<int> {
      group.spawn(grow(group, nodes, 9));
      co_return 7;
    };
    CHECK(rt.run(weft::with_task_group(body)) == 7);
    CHECK(nodes.load() == 1023);
  }
}

TEST_CASE("an exception of the body stops the children, which are joined before it is thrown") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto body = [&](TaskGroup& group) { return spawns_and_throws(group, stopped); };
  CHECK_THROWS_WITH(rt.run(weft::with_task_group(body)), "parent");
  CHECK(stopped.load() == 1);
}

TEST_CASE("a body that throws before it has become a task leaves no child behind") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto body = [&](TaskGroup& group) -> Task<> {
    group.spawn(stops_when_asked(stopped));
    throw std::runtime_error("call");
  };
  auto call = [&](TaskGroup& group) -> Task<> {
    group.spawn(stops_when_asked(stopped));
    if (stopped.load() >= 0) throw std::runtime_error("call");
    return body(group);
  };
  CHECK_THROWS_WITH(rt.run(weft::with_task_group(call)), "call");
  CHECK(stopped.load() == 1);
}

TEST_CASE("a child that fails stops the body and its siblings, and its exception is the one that is thrown") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto body = [&](TaskGroup& group) -> Task<> {
    group.spawn(stops_when_asked(stopped));
    group.spawn(fails_after_yield());
    for (;;) {
      co_await this_task::stop_point();
      co_await weft::yield();
    }
  };
  CHECK_THROWS_WITH(rt.run(weft::with_task_group(body)), "child");
  CHECK(stopped.load() == 1);
}

TEST_CASE("a stop request to the parent reaches the children of its group at once, not only when it joins") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> stopped{0};
  auto body = [&](TaskGroup& group) -> Task<> {
    group.spawn(stops_when_asked(stopped));
    while (stopped.load() == 0) co_await weft::yield();  // the child ends although nobody joins it
  };
  auto parent = [&]() -> Task<> { co_await weft::with_task_group(body); };
  auto winner = []() -> Task<> { co_return; };
  static_cast<void>(rt.run(weft::when_any(parent(), winner())));
  CHECK(stopped.load() == 1);
}

TEST_CASE("a group throws the cause although the echo of a stop request came before it") {
  weft::Runtime rt{{.workers = 1}};
  auto stops = [](bool& has_ended) -> Task<> {
    for (;;) {
      has_ended = co_await this_task::stop_requested();
      co_await this_task::stop_point();
      co_await weft::yield();
    }
  };
  auto fails_after = [](const bool& other_has_ended) -> Task<> {
    while (!other_has_ended) co_await weft::yield();
    co_await weft::yield();
    throw std::runtime_error("disk full");
  };
  bool has_ended = false;
  auto with_body = [&]() -> Task<> {
    auto body = [&](TaskGroup& group) -> Task<> {
      group.spawn(stops(has_ended));
      group.spawn(fails_after(has_ended));
      co_await weft::yield();
      group.request_stop();
    };
    co_await weft::with_task_group(body);
  };
  auto by_hand = [&]() -> Task<> {
    TaskGroup group;
    group.spawn(stops(has_ended));
    group.spawn(fails_after(has_ended));
    co_await weft::yield();
    group.request_stop();
    co_await group.join();
  };
  CHECK_THROWS_WITH(rt.run(with_body()), "disk full");
  has_ended = false;
  CHECK_THROWS_WITH(rt.run(by_hand()), "disk full");
}

TEST_CASE("a group whose children only stopped as they were asked throws OperationCancelled") {
  weft::Runtime rt{{.workers = 2}};
  auto stops = []() -> Task<> {
    for (;;) {
      co_await this_task::stop_point();
      co_await weft::yield();
    }
  };
  auto parent = [&]() -> Task<> {
    TaskGroup group;
    group.spawn(stops());
    group.request_stop();
    co_await group.join();
  };
  CHECK_THROWS_AS(rt.run(parent()), weft::OperationCancelled);
}

TEST_CASE("a group begins each round without an error") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    TaskGroup group;
    int thrown = 0;
    for (int round = 0; round < 3; ++round) {
      if (round != 1) group.spawn(fails_after_yield());
      try {
        co_await group.join();
      } catch (const std::runtime_error&) {
        thrown += 1 << round;
      }
    }
    co_return thrown;
  };
  CHECK(rt.run(parent()) == 5);
}

TEST_CASE("an error of a child whose group nobody joined ends the process instead of being dropped") {
  weft_test::check_aborts("nobody joined", [] {
    weft::Runtime rt{{.workers = 1}};
    bool has_run = false;
    auto parent = [&]() -> Task<> {
      TaskGroup group;
      group.spawn([&has_run] {
        has_run = true;
        throw std::runtime_error("nobody joined");
      });
      while (!has_run) co_await weft::yield();
    };
    rt.run(parent());
  });
}
