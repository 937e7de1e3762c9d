// Exceptions from every position of a fork.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/small_tasks.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using weft::Task;
using weft::when_all;
using weft_test::value_of;
namespace this_task = weft::this_task;

namespace {

Task<int> fails_at_once(const char* what) {
  throw std::runtime_error(what);
  co_return 0;
}
Task<int> fails_later(const char* what, int yields) {
  for (int i = 0; i < yields; ++i) co_await weft::yield();
  throw std::runtime_error(what);
}
Task<int> is_cancelled_when_asked(std::atomic<int>& stopped) {
  co_await weft_test::until_stopped();
  stopped.fetch_add(1);
  throw weft::OperationCancelled();
}
Task<int> counts(std::atomic<int>& ended) {
  co_await weft::yield();
  ended.fetch_add(1);
  co_return 1;
}

/// What the fork throws, or "nothing".
template <class T>
Task<std::string> message_of(Task<T> forking) {
  std::string message = "nothing";
  try {
    co_await std::move(forking);
  } catch (const std::exception& error) {
    message = error.what();
  }
  co_return message;
}

Task<> fork(Task<int> a, Task<int> b) { co_await when_all(std::move(a), std::move(b)); }
Task<> fork(Task<int> a, Task<int> b, Task<int> c) {
  co_await when_all(std::move(a), std::move(b), std::move(c));
}
Task<> fork_range(std::vector<Task<int>> tasks) { co_await when_all(std::move(tasks)); }

const unsigned kWorkers[] = {1, 2, 4};

}  // namespace

TEST_CASE("a child that throws before its first suspension reaches the parent, whatever its place") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(message_of(fork(fails_at_once("first"), value_of(1)))) == "first");
    CHECK(rt.run(message_of(fork(value_of(1), fails_at_once("last")))) == "last");
    CHECK(rt.run(message_of(fork(value_of(1), fails_at_once("middle"), value_of(2)))) == "middle");
    CHECK(weft::sync_wait(message_of(fork(value_of(1), fails_at_once("outside")))) == "outside");
  }
}

TEST_CASE("a child that throws after it was suspended reaches the parent, whatever its place") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (int yields = 1; yields < 4; ++yields) {
      CHECK(rt.run(message_of(fork(fails_later("first", yields), value_of(1)))) == "first");
      CHECK(rt.run(message_of(fork(value_of(1), fails_later("last", yields)))) == "last");
    }
  }
}

TEST_CASE("a stolen child that throws reaches the parent") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<bool> is_stolen{false};
  // The first child holds its worker until the second runs: only a thief can run that.
  auto holds = [](std::atomic<bool>& until) -> Task<int> {
    while (!until.load()) std::this_thread::yield();
    co_return 1;
  };
  auto fails_stolen = [](std::atomic<bool>& stolen) -> Task<int> {
    stolen.store(true);
    throw std::runtime_error("stolen");
    co_return 0;
  };
  for (int round = 0; round < 100; ++round) {
    is_stolen.store(false);
    REQUIRE(rt.run(message_of(fork(holds(is_stolen), fails_stolen(is_stolen)))) == "stolen");
  }
}

TEST_CASE("of several exceptions the first in argument order is thrown, not the first in time") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(message_of(fork(fails_later("late but first", 5), fails_at_once("early")))) == "late but first");
    CHECK(rt.run(message_of(fork(value_of(1), fails_later("second", 3), fails_at_once("third")))) == "second");
  }
  CHECK(weft::sync_wait(message_of(fork(fails_later("late but first", 5), fails_at_once("early")))) ==
        "late but first");
}

TEST_CASE("of several exceptions of a range the first in order is thrown") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(value_of(i));
    tasks.push_back(fails_later("50", 4));
    for (int i = 0; i < 50; ++i) tasks.push_back(fails_at_once("later"));
    CHECK(rt.run(message_of(fork_range(std::move(tasks)))) == "50");
  }
}

TEST_CASE("a sibling that stopped because another failed does not hide the cause") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    std::atomic<int> stopped{0};
    CHECK(rt.run(message_of(fork(is_cancelled_when_asked(stopped), fails_later("the cause", 3)))) == "the cause");
    CHECK(rt.run(message_of(fork(is_cancelled_when_asked(stopped), is_cancelled_when_asked(stopped), fails_at_once("cause")))) ==
          "cause");
    CHECK(stopped.load() == 3);
  }
}

TEST_CASE("a fork whose children were all cancelled throws OperationCancelled") {
  weft::Runtime rt{{.workers = 2}};
  auto cancelled = []() -> Task<int> {
    throw weft::OperationCancelled();
    co_return 0;
  };
  CHECK_THROWS_AS(rt.run(fork(cancelled(), cancelled())), weft::OperationCancelled);
}

TEST_CASE("all children have ended when the exception arrives") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> ended{0};
      auto parent = [](std::atomic<int>& counter) -> Task<int> {
        std::vector<Task<int>> tasks;
        tasks.push_back(fails_at_once("x"));
        for (int i = 0; i < 20; ++i) tasks.push_back(counts(counter));
        try {
          co_await when_all(std::move(tasks));
        } catch (const std::runtime_error&) {
          co_return counter.load();
        }
        co_return -1;
      };
      REQUIRE(rt.run(parent(ended)) == 20);
    }
  }
}

TEST_CASE("an exception passes through nested forks and stops every branch") {
  weft::Runtime rt{{.workers = 4}};
  std::atomic<int> stopped{0};
  auto branch = [](std::atomic<int>& counter) -> Task<int> {
    co_await when_all(is_cancelled_when_asked(counter), is_cancelled_when_asked(counter));
    co_return 1;
  };
  CHECK(rt.run(message_of(fork(branch(stopped), branch(stopped), fails_later("deep", 2)))) == "deep");
  CHECK(stopped.load() == 4);
}

TEST_CASE("a failed fork leaves no frame behind") {
  const std::size_t base = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = 2}};
    for (int i = 0; i < 100; ++i) {
      CHECK(rt.run(message_of(fork(fails_later("a", i % 3), value_of(1), fails_at_once("b")))) == "a");
    }
  }
  CHECK(weft::frame_memory_outstanding() == base);
}

TEST_CASE("when_all_settled returns every result and every exception") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    auto all = []() -> Task<std::string> {
      auto [a, b, c] = co_await weft::when_all_settled(value_of(1), fails_later("failed", 2), value_of(3));
      std::string said = std::to_string(std::move(a).get()) + (b ? "?" : "!") + std::to_string(std::move(c).get());
      try {
        std::move(b).get();
      } catch (const std::runtime_error& error) {
        said += error.what();
      }
      co_return said;
    };
    CHECK(rt.run(all()) == "1!3failed");
  }
}

TEST_CASE("in when_all_settled a failed child stops nobody") {
  weft::Runtime rt{{.workers = 2}};
  auto asks = []() -> Task<bool> {
    for (int i = 0; i < 5; ++i) co_await weft::yield();
    co_return co_await this_task::stop_requested();
  };
  auto all = [&]() -> Task<bool> {
    auto [failed, stopped] = co_await weft::when_all_settled(fails_at_once("x"), asks());
    static_cast<void>(failed);
    co_return std::move(stopped).get();
  };
  CHECK_FALSE(rt.run(all()));
}

TEST_CASE("when_all_settled over a range keeps the order") {
  weft::Runtime rt{{.workers = 2}};
  auto all = []() -> Task<bool> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(i % 3 == 0 ? fails_later("x", i % 2) : value_of(i));
    std::vector<weft::Outcome<int>> outcomes = co_await weft::when_all_settled(std::move(tasks));
    bool right = outcomes.size() == 100;
    for (int i = 0; right && i < 100; ++i) {
      auto& outcome = outcomes[static_cast<std::size_t>(i)];
      right = i % 3 == 0 ? !outcome.has_value() && outcome.error() != nullptr : std::move(outcome).get() == i;
    }
    const std::vector<weft::Outcome<int>> none = co_await weft::when_all_settled(std::vector<Task<int>>());
    co_return right && none.empty();
  };
  CHECK(rt.run(all()));
}

TEST_CASE("when_all_settled takes void and reference tasks") {
  weft::Runtime rt{{.workers = 2}};
  int target = 3;
  auto nothing = []() -> Task<> { co_return; };
  auto reference = [](int& to) -> Task<int&> { co_return to; };
  auto all = [&]() -> Task<bool> {
    auto [a, b] = co_await weft::when_all_settled(nothing(), reference(target));
    std::move(a).get();
    co_return &std::move(b).get() == &target;
  };
  CHECK(rt.run(all()));
}
