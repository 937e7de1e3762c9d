#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

using weft::Counter;
using weft::Runtime;
using weft::Task;

namespace {

const weft::Executor* executor_here() {
  const weft::WorkerContext* const worker = weft::current_worker();
  return worker != nullptr ? worker->executor : nullptr;
}

Task<int> there_and_back(Runtime& here, Runtime& there) {
  int right = executor_here() == &here.executor() ? 1 : 0;
  co_await weft::resume_on(there.executor());
  right += executor_here() == &there.executor() ? 10 : 0;
  co_await weft::resume_on(here.executor());
  right += executor_here() == &here.executor() ? 100 : 0;
  co_return right;
}

}  // namespace

TEST_CASE("a task goes to another runtime and comes back") {
  Runtime first{{.workers = 2}};
  Runtime second{{.workers = 2}};
  for (int round = 0; round < 200; ++round) {
    REQUIRE(first.run(there_and_back(first, second)) == 111);
    REQUIRE(second.run(there_and_back(second, first)) == 111);
  }
}

TEST_CASE("a task that ends in another runtime gives its result to the awaiter there") {
  Runtime first{{.workers = 1}};
  Runtime second{{.workers = 1}};
  auto leaves = [](Runtime& to) -> Task<int> {
    co_await weft::resume_on(to.executor());
    co_return 5;
  };
  auto parent = [&]() -> Task<bool> {
    const int got = co_await leaves(second);
    co_return got == 5 && executor_here() == &second.executor();
  };
  CHECK(first.run(parent()));
}

TEST_CASE("children of one fork end in different runtimes") {
  Runtime first{{.workers = 2}};
  Runtime second{{.workers = 2}};
  auto leaves = [](Runtime& to, int value) -> Task<int> {
    co_await weft::resume_on(to.executor());
    co_return value;
  };
  auto parent = [&]() -> Task<int> {
    const auto [a, b, c] = co_await weft::when_all(leaves(first, 1), leaves(second, 20), leaves(second, 300));
    co_return a + b + c;
  };
  for (int round = 0; round < 200; ++round) REQUIRE(first.run(parent()) == 321);
}

TEST_CASE("an exception crosses from one runtime to another") {
  Runtime first{{.workers = 1}};
  Runtime second{{.workers = 1}};
  auto fails_there = [](Runtime& to) -> Task<> {
    co_await weft::resume_on(to.executor());
    throw std::runtime_error("over there");
  };
  CHECK_THROWS_WITH(first.run(fails_there(second)), "over there");
}

TEST_CASE("a counter of one runtime's jobs is awaited in another") {
  Runtime first{{.workers = 2}};
  Runtime second{{.workers = 2}};
  auto parent = [&]() -> Task<bool> {
    Counter counter;
    std::atomic<int> sum{0};
    for (int i = 0; i < 10; ++i) second.spawn([&] { sum.fetch_add(1); }, counter);
    co_await counter;
    co_return sum.load() == 10 && executor_here() == &first.executor();
  };
  for (int round = 0; round < 200; ++round) REQUIRE(first.run(parent()));
}

TEST_CASE("a task goes from sync_wait to a runtime, and sync_wait ends when it has") {
  Runtime rt{{.workers = 1}};
  auto leaves = [](Runtime& to) -> Task<bool> {
    co_await weft::resume_on(to.executor());
    co_return executor_here() == &to.executor();
  };
  for (int round = 0; round < 100; ++round) REQUIRE(weft::sync_wait(leaves(rt)));
}

TEST_CASE("a runtime may end as soon as its last visitor has left") {
  Runtime home{{.workers = 2}};
  for (int round = 0; round < 100; ++round) {
    auto visited = std::make_unique<Runtime>(weft::RuntimeOptions{.workers = 2});
    REQUIRE(home.run(there_and_back(home, *visited)) == 111);
    visited.reset();
  }
}

TEST_CASE("a task that was spawned in one runtime and ends in another is counted off at home") {
  Runtime other{{.workers = 1}};
  std::atomic<int> ended{0};
  {
    Runtime home{{.workers = 1}};
    auto leaves = [](Runtime& to, std::atomic<int>& counter) -> Task<> {
      co_await weft::resume_on(to.executor());
      counter.fetch_add(1);
    };
    for (int i = 0; i < 100; ++i) home.spawn_detached(leaves(other, ended));
  }
  CHECK(ended.load() == 100);
}

TEST_CASE("the children of a group whose parent visits another runtime are counted where the parent is") {
  auto child = [](std::atomic<int>& count) -> Task<> {
    co_await weft::yield();
    count.fetch_add(1);
  };
  std::atomic<int> ended{0};
  auto visits = [&](Runtime& there) -> Task<> {
    co_await weft::resume_on(there.executor());
    auto body = [&](weft::TaskGroup& group) -> Task<> {
      for (int i = 0; i < 3; ++i) group.spawn(child(ended));
      co_return;
    };
    co_await weft::with_task_group(body);
  };
  {
    Runtime there{{.workers = 2}};
    Runtime here{{.workers = 2}};
    here.run(visits(there));
    CHECK(here.shutdown().is_complete());
    CHECK(there.shutdown().is_complete());
  }
  CHECK(ended.load() == 3);
  {
    Runtime there{{.workers = 2}};
    weft::sync_wait(visits(there));
    CHECK(there.shutdown().is_complete());
  }
  CHECK(ended.load() == 6);
}
