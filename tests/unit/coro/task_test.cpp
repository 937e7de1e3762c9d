#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/small_tasks.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::Counted;
using weft_test::counted;
using weft_test::own;
using weft_test::refer_to;
using weft_test::value_of;

namespace {

Task<> set(int& to, int value) {
  to = value;
  co_return;
}
Task<const int&> const_reference_to(const int& target) { co_return target; }
Task<int> fails(const char* what) {
  throw std::runtime_error(what);
  co_return 0;
}
Task<> fails_without_value(const char* what) {
  throw std::runtime_error(what);
  co_return;
}
// Not inlined, or clang puts the frame on the caller's stack.
WEFT_NOINLINE Task<int> keeps(Counted kept) { co_return kept.value(); }

/// Suspends for ever: whoever has the task destroys it.
Task<> never_ends(Counted kept) {
  co_await std::suspend_always{};
  static_cast<void>(kept);
}

struct Base {
  virtual ~Base() = default;
  [[nodiscard]] virtual int number() const { return 1; }
};
struct Derived : Base {
  [[nodiscard]] int number() const override { return 2; }
};
Task<std::unique_ptr<Base>> converted() { co_return std::make_unique<Derived>(); }

}  // namespace

TEST_CASE("a task returns a value, nothing, a reference, or something that only moves") {
  int written = 0;
  int target = 7;
  auto all = [](int& to, int& referred) -> Task<int> {
    const int value = co_await value_of(3);
    co_await set(to, 4);
    int& reference = co_await refer_to(referred);
    reference = 8;
    const int& constant = co_await const_reference_to(referred);
    const std::unique_ptr<int> moved = co_await own(5);
    co_return value * 1000 + constant * 100 + (&constant == &referred ? 10 : 0) + *moved;
  };
  CHECK(weft::sync_wait(all(written, target)) == 3815);
  CHECK(written == 4);
  CHECK(target == 8);
}

TEST_CASE("a task converts what it returns to its type") {
  const auto made = weft::sync_wait(converted());
  CHECK(made->number() == 2);
}

TEST_CASE("a task is lazy: nothing of it runs before it is awaited") {
  int written = 0;
  {
    const Task<> unstarted = set(written, 1);
    CHECK(written == 0);
    CHECK(static_cast<bool>(unstarted));
  }
  CHECK(written == 0);
}

TEST_CASE("a task that was never started frees its frame and its parameters") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    const Task<int> unstarted = keeps(Counted(1));
    CHECK(Counted::alive() == 1);
    CHECK(weft::frame_memory_outstanding() == base + 1);
  }
  CHECK(Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("a task that has ended frees its frame, its parameters and its result") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    auto twice = []() -> Task<int> {
      const int kept = co_await keeps(Counted(20));
      const Counted result = co_await counted(3);
      co_await counted(4);  // a result that nobody takes
      co_return kept + result.value();
    };
    CHECK(weft::sync_wait(twice()) == 23);
    CHECK(Counted::alive() == 0);
  }
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("a suspended task that is destroyed destroys its locals and what it awaits") {
  {
    auto outer = [](Counted mine) -> Task<> {
      co_await never_ends(Counted(2));
      static_cast<void>(mine);
    };
    Task<> task = outer(Counted(1));
    task.handle().promise().as_awaited(nullptr, nullptr);  // started by hand, outside any runtime
    weft::resume_job(weft::job_of(task.handle()));
    CHECK(Counted::alive() == 2);
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("an exception reaches the awaiter, through any number of tasks") {
  auto outer = []() -> Task<std::string> {
    auto middle = []() -> Task<int> { co_return co_await fails("deep"); };
    std::string seen;
    try {
      co_await middle();
    } catch (const std::runtime_error& error) {
      seen = error.what();
    }
    co_return seen;
  };
  CHECK(weft::sync_wait(outer()) == "deep");
  CHECK_THROWS_WITH(weft::sync_wait(fails("direct")), "direct");
  CHECK_THROWS_WITH(weft::sync_wait(fails_without_value("void")), "void");
}

TEST_CASE("a task goes on after it has caught what another threw") {
  auto outer = []() -> Task<int> {
    int caught = 0;
    for (int i = 0; i < 10; ++i) {
      try {
        co_await fails("again");
      } catch (const std::runtime_error&) {
        ++caught;
      }
      caught += co_await value_of(0);
    }
    co_return caught;
  };
  CHECK(weft::sync_wait(outer()) == 10);
}

TEST_CASE("an exception out of the construction of the result is the task's exception") {
  struct Refuses {
    explicit Refuses(int) { throw std::runtime_error("no result"); }
    Refuses(const Refuses&) = default;
  };
  auto make = []() -> Task<Refuses> { co_return Refuses(1); };
  CHECK_THROWS_WITH(weft::sync_wait(make()), "no result");
}

TEST_CASE("a moved task runs where it was moved to, and what it was moved from is empty") {
  Task<int> first = value_of(1);
  Task<int> second = std::move(first);
  CHECK_FALSE(static_cast<bool>(first));
  CHECK(static_cast<bool>(second));
  CHECK(weft::sync_wait(std::move(second)) == 1);
}

TEST_CASE("assigning to a task destroys the one it held") {
  Task<int> task = keeps(Counted(1));
  Task<int>& same = task;
  task = std::move(same);
  CHECK(Counted::alive() == 1);
  task = value_of(2);
  CHECK(Counted::alive() == 0);
  CHECK(weft::sync_wait(std::move(task)) == 2);
}

TEST_CASE("a task of a constant type gives the value away like any other") {
  auto own = []() -> Task<const std::unique_ptr<int>> { co_return std::make_unique<int>(4); };
  auto take = [&]() -> Task<int> {
    const std::unique_ptr<int> taken = co_await own();
    co_return *taken;
  };
  CHECK(weft::sync_wait(take()) == 4);
}

TEST_CASE("a task that is reset destroys its coroutine and is empty; once is enough") {
  Task<int> task = keeps(Counted(1));
  task.reset();
  CHECK(Counted::alive() == 0);
  CHECK_FALSE(static_cast<bool>(task));
  task.reset();
  task = value_of(3);
  CHECK(weft::sync_wait(std::move(task)) == 3);
}

TEST_CASE("awaiting an empty task is a UsageError, wherever it is awaited") {
  auto awaits_empty = []() -> Task<int> {
    Task<int> empty;
    co_return co_await std::move(empty);
  };
  auto awaits_twice = []() -> Task<int> {
    Task<int> task = value_of(1);
    int sum = co_await std::move(task);
    sum += co_await std::move(task);
    co_return sum;
  };
  auto forks_empty = []() -> Task<> {
    Task<int> empty;
    co_await weft::when_all(value_of(1), std::move(empty));
  };
  auto forks_empty_range = []() -> Task<> {
    std::vector<Task<int>> tasks;
    tasks.push_back(value_of(1));
    tasks.emplace_back();
    co_await weft::when_all(std::move(tasks));
  };
  CHECK_THROWS_AS(weft::sync_wait(awaits_empty()), weft::UsageError);
  CHECK_THROWS_AS(weft::sync_wait(awaits_twice()), weft::UsageError);
  CHECK_THROWS_AS(weft::sync_wait(forks_empty()), weft::UsageError);
  CHECK_THROWS_AS(weft::sync_wait(forks_empty_range()), weft::UsageError);
  CHECK_THROWS_AS(weft::sync_wait(Task<int>()), weft::UsageError);
  weft::Runtime rt{{.workers = 1}};
  CHECK_THROWS_AS(rt.run(Task<int>()), weft::UsageError);
  weft::Counter counter;
  CHECK_THROWS_AS(rt.spawn(Task<int>(), counter), weft::UsageError);
  CHECK_THROWS_AS(rt.spawn_detached(Task<>()), weft::UsageError);
  CHECK(counter.is_complete());
}

TEST_CASE("a task whose argument throws in its copy leaves nothing behind") {
  struct Refuses {
    Refuses() = default;
    Refuses(const Refuses&) { throw std::runtime_error("no copy"); }
  };
  const std::size_t base = weft::frame_memory_outstanding();
  auto takes = [](Refuses) -> Task<> { co_return; };
  const Refuses refuses;
  CHECK_THROWS_WITH(static_cast<void>(takes(refuses)), "no copy");
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("a released task belongs to whoever drives it") {
  Task<int> task = keeps(Counted(5));
  const auto handle = task.release();
  CHECK_FALSE(static_cast<bool>(task));
  CHECK(Counted::alive() == 1);
  handle.destroy();
  CHECK(Counted::alive() == 0);
}

TEST_CASE("when the destructor of a local throws after the result was returned, the result is destroyed") {
  struct Throws {
    ~Throws() noexcept(false) { throw std::runtime_error("destructor"); }
  };
  auto late = []() -> Task<Counted> {
    const Throws throws;
    co_return Counted(1);
  };
  CHECK_THROWS_WITH(weft::sync_wait(late()), "destructor");
  CHECK(Counted::alive() == 0);
}
