// TaskList: tasks that are linked through their frames, and forks of them.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/small_tasks.hpp"

#include <atomic>
#include <memory>
#include <utility>

using weft::Task;
using weft::TaskList;
using weft_test::count;
using weft_test::Counted;
using weft_test::counted;
using weft_test::fails;
using weft_test::own;
using weft_test::refer_to;
using weft_test::value_later;

namespace {

Task<int> moves_away(int value) {
  co_await weft::with_priority(weft::Priority::Low);
  co_return value;
}

/// The digits from 0 to `wanted` - 1, as one number.
template <class Make>
Task<int> digits(int wanted, Make make) {
  TaskList<int> tasks;
  for (int i = 0; i < wanted; ++i) tasks.add(make(i));
  int number = 0;
  for (const int result : co_await weft::when_all(tasks)) number = 10 * number + result;
  co_return number;
}

}  // namespace

TEST_CASE("when_all over a list gives the results in the order in which the tasks were added") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(digits(0, value_later)) == 0);
    CHECK(rt.run(digits(1, value_later)) == 0);
    CHECK(rt.run(digits(8, value_later)) == 1234567);
  }
  CHECK(weft::sync_wait(digits(5, value_later)) == 1234);
}

TEST_CASE("a list holds together when its tasks change their priority") {
  for (const unsigned workers : {1u, 2u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(digits(8, moves_away)) == 1234567);
  }
}

TEST_CASE("a list takes void, reference and move-only tasks; a result may be moved out") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    std::atomic<int> ran{0};
    TaskList<> voids;
    for (int i = 0; i < 3; ++i) voids.add(count(ran));
    co_await weft::when_all(voids);
    int number = 1;
    TaskList<int&> references;
    references.add(refer_to(number));
    for (int& referred : co_await weft::when_all(references)) referred += 10;
    TaskList<std::unique_ptr<int>> owners;
    owners.add(own(5));
    const auto owned = co_await weft::when_all(owners);
    const std::unique_ptr<int> moved = std::move(*owned.begin());
    co_return ran * 1000 + number * 10 + *moved + static_cast<int>(owned.size());
  };
  CHECK(rt.run(parent()) == 3000 + 110 + 5 + 1);
}

TEST_CASE("the results in a list die with it, and tasks that never ran are destroyed") {
  const std::size_t base = weft::frame_memory_outstanding();
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    TaskList<Counted> tasks;
    for (int i = 0; i < 3; ++i) tasks.add(counted(i));
    static_cast<void>(co_await weft::when_all(tasks));
    co_return Counted::alive();
  };
  CHECK(rt.run(parent()) == 3);
  CHECK(Counted::alive() == 0);
  {
    TaskList<Counted> never_run;
    for (int i = 0; i < 3; ++i) never_run.add(counted(i));
    CHECK(weft::frame_memory_outstanding() >= base + 3);
  }
  rt.shutdown();
  CHECK(Counted::alive() == 0);
}

TEST_CASE("a list that is moved takes its tasks along, and destroys those that it had") {
  weft::Runtime rt{{.workers = 1}};
  auto parent = []() -> Task<int> {
    TaskList<int> tasks;
    for (int i = 1; i < 4; ++i) tasks.add(value_later(i));
    TaskList<int> moved = std::move(tasks);
    TaskList<int> others;
    others.add(value_later(9));
    others = std::move(moved);
    int number = 0;
    for (const int result : co_await weft::when_all(others)) number = 10 * number + result;
    co_return number * 10 + static_cast<int>(tasks.size() + moved.size());
  };
  CHECK(rt.run(parent()) == 1230);
}

TEST_CASE("an exception of a task in a list is thrown when all have ended") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<> {
    TaskList<int> tasks;
    tasks.add(value_later(1));
    tasks.add(fails());
    tasks.add(value_later(2));
    static_cast<void>(co_await weft::when_all(tasks));
  };
  CHECK_THROWS_WITH(rt.run(parent()), "child");
}

TEST_CASE("a list refuses an empty task, and a second run of its tasks") {
  TaskList<int> tasks;
  CHECK_THROWS_AS(tasks.add(Task<int>()), weft::UsageError);
  CHECK(tasks.empty());
  weft::Runtime rt{{.workers = 2}};
  auto twice = []() -> Task<> {
    TaskList<int> list;
    list.add(value_later(1));
    static_cast<void>(co_await weft::when_all(list));
    list.add(value_later(2));
    static_cast<void>(co_await weft::when_all(list));
  };
  CHECK_THROWS_AS(rt.run(twice()), weft::UsageError);
  auto late = []() -> Task<> {
    TaskList<int> list;
    list.add(value_later(1));
    auto fork = weft::when_all(list);
    list.add(value_later(2));
    static_cast<void>(co_await fork);
  };
  CHECK_THROWS_AS(rt.run(late()), weft::UsageError);
}
