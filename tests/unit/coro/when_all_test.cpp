#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/small_tasks.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

using weft::Task;
using weft::when_all;
using weft_test::add;
using weft_test::Counted;
using weft_test::counted;
using weft_test::own;
using weft_test::refer_to;
using weft_test::value_of;

namespace {

Task<long> fib(int n) {
  if (n < 2) co_return n;
  const auto [a, b] = co_await when_all(fib(n - 1), fib(n - 2));
  co_return a + b;
}

/// Comes back on another turn, after whatever else is runnable.
Task<int> late(int value, int yields) {
  for (int i = 0; i < yields; ++i) co_await weft::yield();
  co_return value;
}

template <class... Ts>
using ResultOf = decltype(when_all(std::declval<Task<Ts>>()...).await_resume());

}  // namespace

TEST_CASE("when_all returns a tuple in argument order, with void elided") {
  STATIC_REQUIRE(std::is_void_v<ResultOf<void, void>>);
  STATIC_REQUIRE(std::is_void_v<ResultOf<void>>);
  STATIC_REQUIRE(std::is_same_v<ResultOf<int, void, char>, std::tuple<int, std::monostate, char>>);
  STATIC_REQUIRE(std::is_same_v<ResultOf<int&>, std::tuple<int&>>);
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  auto all = [](std::atomic<int>& total) -> Task<int> {
    const auto [a, nothing, b] = co_await when_all(value_of(1), add(total, 5), value_of(2));
    static_cast<void>(nothing);
    co_await when_all(add(total, 10), add(total, 20));
    co_return a * 10 + b;
  };
  CHECK(rt.run(all(sum)) == 12);
  CHECK(sum.load() == 35);
}

TEST_CASE("when_all gives references and move-only results") {
  weft::Runtime rt{{.workers = 2}};
  int target = 1;
  auto all = [](int& to) -> Task<int> {
    auto [reference, pointer] = co_await when_all(refer_to(to), own(6));
    reference = 7;
    co_return *pointer;
  };
  CHECK(rt.run(all(target)) == 6);
  CHECK(target == 7);
}

TEST_CASE("when_all of one task, of no task, and of an empty range completes at once") {
  weft::Runtime rt{{.workers = 2}};
  auto all = []() -> Task<int> {
    const auto [one] = co_await when_all(value_of(4));
    co_await when_all();
    const std::vector<int> none = co_await when_all(std::vector<Task<int>>());
    co_await when_all(std::vector<Task<>>());
    co_return one + static_cast<int>(none.size());
  };
  CHECK(rt.run(all()) == 4);
}

TEST_CASE("when_all over a range of a thousand tasks returns the results in order") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  weft::Runtime rt{{.workers = workers}};
  auto all = []() -> Task<bool> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 1000; ++i) tasks.push_back(i % 7 == 0 ? late(i, 1) : value_of(i));
    const std::vector<int> results = co_await when_all(std::move(tasks));
    bool right = results.size() == 1000;
    for (int i = 0; right && i < 1000; ++i) right = results[static_cast<std::size_t>(i)] == i;
    co_return right;
  };
  CHECK(rt.run(all()));
}

TEST_CASE("when_all over a range of void tasks runs each of them once") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  auto all = [](std::atomic<int>& total) -> Task<> {
    std::vector<Task<>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(add(total, 1));
    co_await when_all(std::move(tasks));
  };
  rt.run(all(sum));
  CHECK(sum.load() == 100);
}

TEST_CASE("forks nest, on any number of workers and on none") {
  CHECK(weft::sync_wait(fib(15)) == 610);
  for (const unsigned workers : {1u, 2u, 8u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(fib(18)) == 2584);
  }
}

TEST_CASE("children that suspend and come back later are all waited for") {
  weft::Runtime rt{{.workers = 2}};
  auto all = []() -> Task<int> {
    const auto [a, b, c, d] = co_await when_all(late(1, 3), value_of(20), late(300, 1), late(4000, 7));
    co_return a + b + c + d;
  };
  for (int round = 0; round < 200; ++round) REQUIRE(rt.run(all()) == 4321);
}

TEST_CASE("a child may refer to the parent's locals") {
  weft::Runtime rt{{.workers = 4}};
  auto parent = []() -> Task<int> {
    int local = 5;
    auto reads = [](const int& from) -> Task<int> {
      co_await weft::yield();
      co_return from;
    };
    const auto [a, b] = co_await when_all(reads(local), reads(local));
    local = 0;
    co_return a + b;
  };
  for (int round = 0; round < 200; ++round) REQUIRE(rt.run(parent()) == 10);
}

TEST_CASE("the results of when_all are destroyed once each, taken or not") {
  {
    weft::Runtime rt{{.workers = 2}};
    auto all = []() -> Task<int> {
      const auto [a, b] = co_await when_all(counted(1), counted(2));
      co_await when_all(counted(3), counted(4));
      std::vector<Task<Counted>> tasks;
      tasks.push_back(counted(5));
      tasks.push_back(counted(6));
      co_await when_all(std::move(tasks));
      co_return a.value() + b.value();
    };
    CHECK(rt.run(all()) == 3);
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("a fork that is never awaited destroys its tasks") {
  {
    auto fork = when_all(counted(1), counted(2));
    static_cast<void>(fork);
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("children run on several workers at once") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> met{0};
  // Each waits for the other without suspending: only two workers get past this.
  auto meets = [](std::atomic<int>& here) -> Task<> {
    here.fetch_add(1);
    while (here.load() < 2) std::this_thread::yield();
    co_return;
  };
  auto all = [&](std::atomic<int>& here) -> Task<> { co_await when_all(meets(here), meets(here)); };
  rt.run(all(met));
  CHECK(met.load() == 2);
}

TEST_CASE("a parent goes on where its last child ended, and its frame memory balances") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 4}};
    CHECK(rt.run(fib(16)) == 987);
  }
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("when_all over a vector of tasks that return references gives the references") {
  weft::Runtime rt{{.workers = 2}};
  auto refer_to = [](int& number) -> Task<int&> { co_return number; };
  auto parent = [&]() -> Task<int> {
    int numbers[] = {1, 2};
    std::vector<Task<int&>> tasks;
    for (int& number : numbers) tasks.push_back(refer_to(number));
    for (int& referred : co_await weft::when_all(std::move(tasks))) referred += 10;
    co_return numbers[0] * 100 + numbers[1];
  };
  CHECK(rt.run(parent()) == 1112);
}

TEST_CASE("frames of awaited tasks are gone when their results are there, not at the end of the expression") {
  weft::Runtime rt{{.workers = 1}};
  auto with = [](std::unique_ptr<Counted> kept) -> Task<int> { co_return kept->value(); };
  auto parent = [&]() -> Task<bool> {
    const bool one = co_await with(std::make_unique<Counted>(1)) == 1 && Counted::alive() == 0;
    const bool two = std::get<1>(co_await when_all(with(std::make_unique<Counted>(2)), with(std::make_unique<Counted>(3)))) == 3 &&
                     Counted::alive() == 0;
    co_return one && two;
  };
  CHECK(rt.run(parent()));
}

namespace {

/// Throws when it is moved for the `moves`-th time, counted from the last one back.
struct ThrowsWhenMoved {
  explicit ThrowsWhenMoved(int moves) : moves_left(moves) {}
  ThrowsWhenMoved(ThrowsWhenMoved&& other) : moves_left(other.moves_left - 1), alive(std::move(other.alive)) {
    if (moves_left < 0) throw std::runtime_error("moved");
  }
  int moves_left;
  std::unique_ptr<Counted> alive = std::make_unique<Counted>(0);
};

Task<ThrowsWhenMoved> throwing_when_moved(int moves) { co_return ThrowsWhenMoved(moves); }

}  // namespace

TEST_CASE("a result that throws when it is taken out leaves no frame and no other result behind") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 2}};
    auto parent = [](int first, int second) -> Task<int> {
      const auto [a, b] = co_await when_all(throwing_when_moved(first), throwing_when_moved(second));
      co_return a.moves_left + b.moves_left;
    };
    // The first move is that into the promise.
    CHECK_THROWS_WITH(rt.run(parent(1, 9)), "moved");
    CHECK_THROWS_WITH(rt.run(parent(9, 1)), "moved");
    auto alone = []() -> Task<> { co_await throwing_when_moved(1); };
    CHECK_THROWS_WITH(rt.run(alone()), "moved");
    CHECK_NOTHROW(rt.run(parent(9, 9)));
    std::vector<Task<ThrowsWhenMoved>> tasks;
    auto range = [&]() -> Task<> {
      tasks.push_back(throwing_when_moved(9));
      tasks.push_back(throwing_when_moved(1));
      co_await when_all(std::move(tasks));
    };
    CHECK_THROWS_WITH(rt.run(range()), "moved");
  }
  CHECK(Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("tasks whose results could not be taken out are not run again by a second co_await: a UsageError says so") {
  weft::Runtime rt{{.workers = 2}};
  struct Forks {
    static Task<> of_pack() {
      auto fork = when_all(throwing_when_moved(9), throwing_when_moved(1));
      try {
        co_await fork;
      } catch (const std::runtime_error&) {
      }
      co_await fork;
    }
    static Task<> of_range() {
      std::vector<Task<ThrowsWhenMoved>> tasks;
      tasks.push_back(throwing_when_moved(9));
      tasks.push_back(throwing_when_moved(1));
      auto fork = when_all(std::move(tasks));
      try {
        co_await fork;
      } catch (const std::runtime_error&) {
      }
      co_await fork;
    }
  };
  CHECK_THROWS_AS(rt.run(Forks::of_pack()), weft::UsageError);
  CHECK_THROWS_AS(rt.run(Forks::of_range()), weft::UsageError);
}
