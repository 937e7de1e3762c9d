#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/small_tasks.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using weft::Task;
using weft::when_any;
using weft_test::value_of;
namespace this_task = weft::this_task;

namespace {

Task<std::string> text(const char* value) { co_return value; }
Task<> nothing() { co_return; }

/// Ends only when it is asked to stop, and says that it has.
Task<int> loses(std::atomic<int>& ended) {
  co_await weft_test::until_stopped();
  ended.fetch_add(1);
  co_return -1;
}
Task<std::string> loses_with_text(std::atomic<int>& ended) {
  co_await loses(ended);
  co_return "lost";
}
Task<int> wins_after(int yields, int value) {
  for (int i = 0; i < yields; ++i) co_await weft::yield();
  co_return value;
}
Task<int> fails_after(int yields) {
  for (int i = 0; i < yields; ++i) co_await weft::yield();
  throw std::runtime_error("failed first");
}

}  // namespace

TEST_CASE("when_any gives the first result; the losers are stopped and awaited") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> ended{0};
    auto race = [](std::atomic<int>& losers) -> Task<int> {
      const auto first = co_await when_any(loses(losers), wins_after(3, 42), loses_with_text(losers));
      if (losers.load() != 2) co_return -2;  // not awaited
      co_return first.index() == 1 ? std::get<1>(first) : -1;
    };
    CHECK(rt.run(race(ended)) == 42);
    CHECK(ended.load() == 2);
  }
}

TEST_CASE("when_any of ready tasks gives one of them, by its index") {
  weft::Runtime rt{{.workers = 2}};
  auto race = []() -> Task<bool> {
    const auto first = co_await when_any(value_of(1), text("two"), nothing());
    switch (first.index()) {
      case 0: co_return std::get<0>(first) == 1;
      case 1: co_return std::get<1>(first) == "two";
      default: co_return std::get<2>(first) == std::monostate();
    }
  };
  for (int round = 0; round < 200; ++round) REQUIRE(rt.run(race()));
}

TEST_CASE("when_any throws what the winner threw") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto race = [](std::atomic<int>& losers) -> Task<> { co_await when_any(loses(losers), fails_after(3)); };
  CHECK_THROWS_WITH(rt.run(race(ended)), "failed first");
  CHECK(ended.load() == 1);
}

TEST_CASE("what a loser throws is dropped") {
  weft::Runtime rt{{.workers = 2}};
  auto throws_when_stopped = []() -> Task<int> {
    co_await weft_test::until_stopped();
    throw std::runtime_error("too late");
  };
  auto race = [&]() -> Task<int> {
    const auto first = co_await when_any(throws_when_stopped(), wins_after(2, 5));
    co_return std::get<1>(first);
  };
  CHECK(rt.run(race()) == 5);
}

TEST_CASE("when_any over a range says which one was first") {
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> ended{0};
    auto race = [](std::atomic<int>& losers) -> Task<std::pair<std::size_t, int>> {
      std::vector<Task<int>> tasks;
      for (int i = 0; i < 30; ++i) tasks.push_back(i == 17 ? wins_after(4, 70) : loses(losers));
      const weft::First<int> first = co_await when_any(std::move(tasks));
      std::pair<std::size_t, int> result(first.index, first.value);
      co_return result;
    };
    CHECK(rt.run(race(ended)) == std::pair<std::size_t, int>(17, 70));
    CHECK(ended.load() == 29);
  }
}

TEST_CASE("when_any over a range of void tasks, and of move-only results") {
  weft::Runtime rt{{.workers = 2}};
  auto owned = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(8); };
  auto race = [&]() -> Task<int> {
    std::vector<Task<>> voids;
    voids.push_back(nothing());
    const weft::First<void> first = co_await when_any(std::move(voids));
    std::vector<Task<std::unique_ptr<int>>> pointers;
    pointers.push_back(owned());
    const weft::First<std::unique_ptr<int>> pointer = co_await when_any(std::move(pointers));
    auto pack = co_await when_any(owned());
    co_return static_cast<int>(first.index) + *pointer.value + *std::get<0>(pack);
  };
  CHECK(rt.run(race()) == 16);
}

TEST_CASE("when_any of nothing is a UsageError") {
  CHECK_THROWS_AS(weft::sync_wait(when_any(std::vector<Task<int>>())), weft::UsageError);
}

TEST_CASE("a stop request to the parent reaches every racer") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto fails = []() -> Task<int> {
    for (int i = 0; i < 3; ++i) co_await weft::yield();
    throw std::runtime_error("outer");
  };
  auto race = [](std::atomic<int>& losers) -> Task<int> {
    co_await when_any(loses(losers), loses(losers));
    co_return 0;
  };
  auto outer = [&]() -> Task<> { co_await weft::when_all(race(ended), fails()); };
  CHECK_THROWS_WITH(rt.run(outer()), "outer");
  CHECK(ended.load() == 2);
}

TEST_CASE("the winner's stop request does not leave when_any") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> ended{0};
  auto race = [](std::atomic<int>& losers) -> Task<bool> {
    co_await when_any(value_of(1), loses(losers));
    co_return co_await this_task::stop_requested();
  };
  CHECK_FALSE(rt.run(race(ended)));
}

TEST_CASE("results and frames of when_any are all freed") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 2}};
    auto counted = [](int value) -> Task<weft_test::Counted> { co_return weft_test::Counted(value); };
    auto race = [&]() -> Task<> { co_await when_any(counted(1), counted(2), counted(3)); };
    for (int round = 0; round < 100; ++round) rt.run(race());
  }
  CHECK(weft_test::Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("when_any takes tasks that return references, and gives them back as references") {
  weft::Runtime rt{{.workers = 2}};
  auto refer_to = [](int& number) -> Task<int&> { co_return number; };
  auto parent = [&]() -> Task<int> {
    int number = 1;
    const auto either = co_await weft::when_any(refer_to(number), refer_to(number));
    std::visit([](auto referred) { referred.get() += 10; }, either);
    std::vector<Task<int&>> tasks;
    tasks.push_back(refer_to(number));
    const weft::First<int&> first = co_await weft::when_any(std::move(tasks));
    first.value += 100;
    co_return number;
  };
  CHECK(rt.run(parent()) == 111);
}
