// Forks of tasks that the caller keeps, and forks that are awaited once too often.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/small_tasks.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::count;
using weft_test::Counted;
using weft_test::counted;
using weft_test::fails;
using weft_test::own;
using weft_test::refer_to;
using weft_test::value_later;

namespace {

Task<int> sum_of(std::size_t wanted) {
  std::array<Task<int>, 8> tasks;
  for (std::size_t i = 0; i < wanted; ++i) tasks[i] = value_later(static_cast<int>(i));
  int sum = 0;
  for (const int result : co_await weft::when_all(std::span(tasks).first(wanted))) sum = 10 * sum + result;
  co_return sum;
}

}  // namespace

TEST_CASE("when_all over a span gives the results in order, of as many tasks as the span has") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(sum_of(0)) == 0);
    CHECK(rt.run(sum_of(1)) == 0);
    CHECK(rt.run(sum_of(5)) == 1234);
    CHECK(rt.run(sum_of(8)) == 1234567);
  }
  CHECK(weft::sync_wait(sum_of(5)) == 1234);
}

TEST_CASE("when_all over a span takes void, reference and move-only tasks; a result may be moved out") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    std::atomic<int> ran{0};
    std::vector<Task<>> voids;
    for (int i = 0; i < 3; ++i) voids.push_back(count(ran));
    co_await weft::when_all(std::span(voids).first(1));
    std::array<int, 2> numbers{1, 2};
    std::array<Task<int&>, 2> references{refer_to(numbers[0]), refer_to(numbers[1])};
    for (int& number : co_await weft::when_all(std::span(references))) number += 10;
    std::array<Task<std::unique_ptr<int>>, 2> owners{own(5), own(6)};
    const auto owned = co_await weft::when_all(std::span(owners));
    const std::unique_ptr<int> moved = std::move(owned[1]);
    co_return ran * 10000 + numbers[0] * 100 + numbers[1] + *moved + static_cast<int>(owned.size());
  };
  CHECK(rt.run(parent()) == 10000 + 1100 + 12 + 6 + 2);
}

TEST_CASE("the results of a fork over a span die with its tasks") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    std::array<Task<Counted>, 3> tasks{counted(1), counted(2), counted(3)};
    const auto results = co_await weft::when_all(std::span(tasks));
    co_return Counted::alive() * 10 + results[2].value();
  };
  CHECK(rt.run(parent()) == 33);
  CHECK(Counted::alive() == 0);
}

TEST_CASE("an exception of a task in a span is thrown when all have ended") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<> {
    std::array<Task<int>, 3> tasks{value_later(1), fails(), value_later(2)};
    co_await weft::when_all(std::span(tasks));
  };
  CHECK_THROWS_WITH(rt.run(parent()), "child");
}

TEST_CASE("tasks that have run are not run again by another fork: a UsageError says so") {
  weft::Runtime rt{{.workers = 2}};
  auto span_twice = []() -> Task<> {
    std::array<Task<int>, 2> tasks{value_later(1), value_later(2)};
    co_await weft::when_all(std::span(tasks));
    co_await weft::when_all(std::span(tasks));
  };
  CHECK_THROWS_AS(rt.run(span_twice()), weft::UsageError);
  auto one_twice = []() -> Task<> {
    std::array<Task<int>, 3> tasks{value_later(1), value_later(2), value_later(3)};
    co_await weft::when_all(std::span(tasks).last(1));
    co_await weft::when_all(std::span(tasks));
  };
  CHECK_THROWS_AS(rt.run(one_twice()), weft::UsageError);
  auto fork_twice = []() -> Task<> {
    auto fork = weft::when_all(value_later(1), value_later(2));
    co_await fork;
    co_await fork;
  };
  CHECK_THROWS_AS(rt.run(fork_twice()), weft::UsageError);
}

TEST_CASE("a fork that has failed owns no tasks any more: a second co_await is a UsageError") {
  weft::Runtime rt{{.workers = 2}};
  auto fails_twice = []() -> Task<> {
    auto fork = weft::when_all(value_later(1), fails());
    bool has_failed = false;
    try {
      co_await fork;
    } catch (const std::runtime_error&) {
      has_failed = true;
    }
    CHECK(has_failed);
    co_await fork;
  };
  CHECK_THROWS_AS(rt.run(fails_twice()), weft::UsageError);
}
