#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Priority;
using weft::Task;

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
  struct Flood {
    std::atomic<bool>& until;
    std::atomic<long>& jobs;
    void operator()() const {
      jobs.fetch_add(1);
      if (!until.load()) weft::spawn_detached(Flood(*this));
    }
  };
  rt.run([&] {
    weft::spawn_detached([&] { has_run.store(true); }, {.priority = Priority::Low});
    for (int i = 0; i < 10; ++i) weft::spawn_detached(Flood{has_run, normal});
  });
  CHECK(rt.shutdown().is_complete());
  CHECK(has_run.load());
  CHECK(normal.load() < 10'000);
}

TEST_CASE("a Low job runs although Normal tasks yield for ever, and so does one posted from outside") {
  weft::Runtime rt{{.workers = 1}};
  std::atomic<int> has_run{0};
  std::atomic<long> yields{0};
  auto yields_on = [](std::atomic<int>& until, std::atomic<long>& times) -> Task<> {
    while (until.load() < 2) {
      times.fetch_add(1);
      co_await weft::yield();
    }
  };
  Counter counter;
  for (int i = 0; i < 3; ++i) rt.spawn(yields_on(has_run, yields), counter);
  while (yields.load() < 10) std::this_thread::yield();
  rt.spawn([&] { has_run.fetch_add(1); }, counter, {.priority = Priority::Low});
  rt.spawn([&] { has_run.fetch_add(1); }, counter);
  counter.wait();
  CHECK(has_run.load() == 2);
}

TEST_CASE("with_priority moves a task to another priority, for what it does from then on") {
  weft::Runtime rt{{.workers = 1}};
  std::string order;
  auto changes = [&]() -> Task<> {
    order += '1';
    co_await weft::with_priority(Priority::Low);
    order += '2';
    co_await weft::with_priority(Priority::High);
    order += '3';
  };
  auto parent = [&]() -> Task<> {
    Counter counter;
    weft::spawn([&] { order += 'N'; }, counter);
    weft::spawn(changes(), counter);  // newest first
    co_await counter;
  };
  rt.run(parent());
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
