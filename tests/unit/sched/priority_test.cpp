#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "bounded_delay.hpp"

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Priority;
using weft::Task;
using weft_test::Flood;
using weft_test::kMostTurns;

namespace {

const Priority kAll[] = {Priority::Low, Priority::Normal, Priority::High};

char letter(Priority priority) { return "HNL"[static_cast<int>(priority)]; }

}  // namespace

TEST_CASE("one worker runs High before Normal before Low, spawned inside") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto parent = [&]() -> Task<> {
    Counter counter;
    for (int i = 0; i < 5; ++i) {
      for (const Priority priority : kAll) {
        weft::spawn([&order, priority] { order += letter(priority); }, counter, {.priority = priority});
      }
    }
    co_await counter;
  };
  rt.run(parent());
  CHECK(order == "HHHHHNNNNNLLLLL");
}

TEST_CASE("one worker runs High before Normal before Low, posted from outside") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  Counter counter;
  std::latch is_held(1);
  std::latch release(1);
  rt.spawn(
      [&] {
        is_held.count_down();
        release.wait();
      },
      counter);
  is_held.wait();
  for (int i = 0; i < 5; ++i) {
    for (const Priority priority : kAll) {
      rt.spawn([&order, priority] { order += letter(priority); }, counter, {.priority = priority});
    }
  }
  release.count_down();
  counter.wait();
  CHECK(order == "HHHHHNNNNNLLLLL");
}

TEST_CASE("what a task spawns, forks and awaits runs with the priority it was given") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto low_parent = [&]() -> Task<> {
    auto notes = [](std::string& to, char what) -> Task<> {
      to += what;
      co_await weft::yield();
      to += what;
    };
    co_await weft::when_all(notes(order, 'a'), notes(order, 'b'));
  };
  auto parent = [&]() -> Task<> {
    Counter counter;
    weft::spawn(low_parent(), counter, {.priority = Priority::Low});
    for (int i = 0; i < 3; ++i) weft::spawn([&] { order += 'N'; }, counter);
    co_await counter;
  };
  rt.run(parent());
  CHECK(order.substr(0, 3) == "NNN");
  CHECK(order.size() == 7);
}

TEST_CASE("a Low job runs although Normal jobs flood the worker") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<bool> has_run{false};
  std::atomic<long> normal{0};
  rt.run([&] {
    weft::spawn_detached([&] { has_run.store(true); }, {.priority = Priority::Low});
    for (int i = 0; i < 10; ++i) weft::spawn_detached(Flood{has_run, normal});
  });
  CHECK(rt.shutdown().is_complete());
  CHECK(has_run.load());
  CHECK(normal.load() <= kMostTurns);
}

TEST_CASE("a Low job runs although Normal tasks yield for ever, and so does one posted from outside") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<int> have_run{0};
  std::atomic<long> yields{0};
  std::latch is_held(1);
  std::latch posted(1);
  constexpr long kBefore = 10;
  auto yields_on = [&]() -> Task<> {
    while (have_run.load() < 2) {
      if (yields.fetch_add(1) == kBefore) {
        is_held.count_down();
        posted.wait();
      }
      co_await weft::yield();
    }
  };
  Counter counter;
  for (int i = 0; i < 3; ++i) rt.spawn(yields_on(), counter);
  is_held.wait();
  rt.spawn([&] { have_run.fetch_add(1); }, counter, {.priority = Priority::Low});
  rt.spawn([&] { have_run.fetch_add(1); }, counter);
  posted.count_down();
  counter.wait();
  CHECK(have_run.load() == 2);
  CHECK(yields.load() - kBefore <= kMostTurns);
}

TEST_CASE("with_priority moves a task to another priority, for what it does from then on") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto changes = [&]() -> Task<> {
    Counter counter;
    weft::spawn([&] { order += 'N'; }, counter);
    order += '1';
    co_await weft::with_priority(Priority::Low);
    order += '2';
    co_await weft::with_priority(Priority::High);
    order += '3';
    co_await counter;
  };
  rt.run(changes());
  CHECK(order == "1N23");
}

TEST_CASE("a waiter goes on with the priority with which it began to wait") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto waits = [](Counter& counter, std::string& to) -> Task<> {
    co_await counter;
    to += 'L';
  };
  auto parent = [&]() -> Task<> {
    Counter gate(1);
    Counter counter;
    weft::spawn(waits(gate, order), counter, {.priority = Priority::Low});
    for (int i = 0; i < 3; ++i) co_await weft::with_priority(Priority::Low);
    co_await weft::with_priority(Priority::Normal);
    gate.sub();
    weft::spawn([&] { order += 'N'; }, counter);
    co_await counter;
  };
  rt.run(parent());
  CHECK(order == "NL");
}

TEST_CASE("a parent goes on with its own priority after a child has changed its, awaited or forked") {
  weft::Runtime rt{{.workers = 2}};
  auto lowers = []() -> Task<int> {
    co_await weft::with_priority(Priority::Low);
    co_return static_cast<int>(weft::current_worker()->priority);
  };
  auto stays = []() -> Task<int> { co_return static_cast<int>(weft::current_worker()->priority); };
  const auto here = [] { return static_cast<int>(weft::current_worker()->priority); };
  std::vector<int> seen;
  auto parent = [&]() -> Task<> {
    co_await weft::with_priority(Priority::High);
    seen.push_back(co_await lowers());
    seen.push_back(here());
    const auto [first, second, third] = co_await weft::when_all(lowers(), stays(), lowers());
    seen.insert(seen.end(), {first, second, third, here()});
    auto nested = [&]() -> Task<int> { co_return co_await lowers() * 10 + here(); };
    seen.push_back(co_await nested());
    co_await weft::with_priority(Priority::Normal);
    seen.push_back(here());
  };
  constexpr int kHigh = static_cast<int>(Priority::High);
  constexpr int kNormal = static_cast<int>(Priority::Normal);
  constexpr int kLow = static_cast<int>(Priority::Low);
  for (int round = 0; round < 200; ++round) {
    seen.clear();
    rt.run(parent());
    REQUIRE(seen == std::vector<int>{kLow, kHigh, kLow, kHigh, kLow, kHigh, kLow * 10 + kHigh, kNormal});
  }
}

TEST_CASE("a task that goes back to the priority it came with hands the thread on as always") {
  weft::Runtime rt{{.workers = 1}};
  auto there_and_back = []() -> Task<int> {
    co_await weft::with_priority(Priority::Low);
    co_await weft::with_priority(Priority::Normal);
    co_return 1;
  };
  auto parent = [&]() -> Task<int> {
    const auto [a, b] = co_await weft::when_all(there_and_back(), there_and_back());
    co_return a + b + static_cast<int>(weft::current_worker()->priority) * 10;
  };
  CHECK(rt.run(parent()) == 2 + static_cast<int>(Priority::Normal) * 10);
}

TEST_CASE("a tree of forks that keeps the only worker busy lets a job from outside in between") {
  auto leaf = []() -> Task<int> { co_return 1; };
  for (const Priority priority : kAll) {
    weft::Runtime rt{{.workers = 1}};
    bool has_run = false;
    std::latch is_busy(1);
    std::latch posted(1);
    // Nothing but forks whose children never suspend: one turn of the worker's loop, if it does not give way.
    auto tree = [&]() -> Task<bool> {
      is_busy.count_down();
      posted.wait();
      for (long i = 0; i < kMostTurns && !has_run; ++i) co_await weft::when_all(leaf(), leaf());
      co_return has_run;
    };
    auto busy = rt.spawn(tree());
    is_busy.wait();
    rt.spawn_detached([&] { has_run = true; }, {.priority = priority});
    posted.count_down();
    CHECK(busy.wait());
  }
}

TEST_CASE("a High job that a tree of forks spawns goes before the rest of the tree") {
  weft::Runtime rt{{.workers = 1}};
  auto leaf = []() -> Task<int> { co_return 1; };
  bool has_run = false;
  auto tree = [&]() -> Task<int> {
    int forks = 0;
    weft::spawn_detached([&] { has_run = true; }, {.priority = Priority::High});
    for (; forks < 1000 && !has_run; ++forks) co_await weft::when_all(leaf(), leaf());
    co_return forks;
  };
  CHECK(rt.run(tree()) <= 2);
}

TEST_CASE("a tree of forks that keeps the only worker busy runs every job that came from outside") {
  weft::Runtime rt{{.workers = 1}};
  int have_run = 0;
  std::latch is_busy(1);
  std::latch posted(1);
  auto leaf = []() -> Task<int> { co_return 1; };
  constexpr int kJobs = 50;
  auto tree = [&]() -> Task<bool> {
    is_busy.count_down();
    posted.wait();
    for (long i = 0; i < kJobs * kMostTurns && have_run < 3 * kJobs; ++i) co_await weft::when_all(leaf(), leaf());
    co_return have_run == 3 * kJobs;
  };
  auto busy = rt.spawn(tree());
  is_busy.wait();
  for (int i = 0; i < kJobs; ++i) {
    for (const Priority priority : kAll) rt.spawn_detached([&] { ++have_run; }, {.priority = priority});
  }
  posted.count_down();
  CHECK(busy.wait());
}

TEST_CASE("a High job that waits with another worker goes before the rest of a tree of forks") {
  weft::Runtime rt{{.workers = 2}};
  auto leaf = []() -> Task<int> { co_return 1; };
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> has_run{false};
    std::latch is_busy(2);
    std::latch are_busy(1);
    std::atomic<bool> is_over{false};
    auto tree = [&]() -> Task<bool> {
      constexpr int kMany = 20'000'000;
      is_busy.count_down();
      for (int i = 0; i < kMany && !has_run.load(); ++i) co_await weft::when_all(leaf(), leaf());
      co_return has_run.load();
    };
    // Has the other worker, and keeps it until the tree is through.
    auto holder = [&] {
      is_busy.count_down();
      are_busy.wait();
      weft::spawn_detached([&] { has_run.store(true); }, {.priority = Priority::High});
      while (!is_over.load()) std::this_thread::yield();
    };
    auto held = rt.spawn(holder);
    auto busy = rt.spawn(tree());
    is_busy.wait();
    are_busy.count_down();
    const bool was_in_between = busy.wait();
    is_over.store(true);
    held.wait();
    CHECK(was_in_between);
  }
}
