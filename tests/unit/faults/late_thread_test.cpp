// Threads cannot be created, and then they can: nothing that was left undone meanwhile is forgotten.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "failing_threads.hpp"
#include "support/own_threads.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <thread>

using weft::Counter;
using weft::Event;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Task;
using weft_test::FailingThreads;
using weft_test::threads_named;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kNoReports{0};  // then there is no watcher, unless a call is marked

/// Forks until somebody says that it is enough.
Task<> fork_until(const std::atomic<bool>& is_enough) {
  const auto nothing = []() -> Task<> { co_return; };
  while (!is_enough.load()) co_await weft::when_all(nothing(), nothing());
}

Task<> set_after(Event& event, std::atomic<bool>& is_set) {
  co_await event;
  is_set.store(true);
}

void wait_until_refused(const FailingThreads& failing, int times) {
  while (failing.refused() < times) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a job of high priority, for which no thread can be had, is run by a worker that forks") {
  Runtime rt{{.workers = 2, .report_blocking_after = kNoReports}};
  std::atomic<bool> is_posted{false}, has_run{false};
  std::latch is_inside(1);
  Counter forks, high;
  rt.spawn(
      [&]() -> Task<> {
        is_inside.count_down();
        while (!is_posted.load()) std::this_thread::yield();
        co_await fork_until(has_run);
      },
      forks);
  is_inside.wait();
  const FailingThreads failing(0);
  rt.spawn([&] { has_run.store(true); }, high, {.priority = weft::Priority::High});
  CHECK(failing.refused() == 1);
  is_posted.store(true);
  forks.wait();
  high.wait();
}

TEST_CASE("to try a thousand workers, of which none gets a thread, needs no more stack than to try one") {
  Runtime rt{{.workers = 1000, .report_blocking_after = kNoReports}};
  const FailingThreads failing(0);
  rt.run([]() -> Task<> {
    co_await weft::on_fiber([] {
      Counter job;
      weft::spawn([] {}, job);
      job.wait();
    });
  });
  CHECK(failing.refused() >= 999);
}

TEST_CASE("a runtime ends whose last task is woken just before threads can be had again") {
  for (int round = 0; round < 20; ++round) {
    Event event;
    std::atomic<bool> is_set{false};
    std::optional<FailingThreads> failing;
    std::latch is_armed(1);
    std::thread other([&] {
      is_armed.wait();
      wait_until_refused(*failing, failing->refused() + 2);  // by whoever waits for the runtime's end
      event.set();
      failing.reset();
    });
    {
      failing.emplace(0);
      Runtime rt{{.workers = 2, .report_blocking_after = kNoReports}};
      rt.run([&] { weft::spawn_detached(set_after(event, is_set)); });
      is_armed.count_down();
    }
    CHECK(is_set.load());
    other.join();
  }
}

TEST_CASE("shutdown keeps its deadline without threads, though a task yields for ever") {
  std::atomic<bool> is_enough{false};
  Event event;
  std::optional<FailingThreads> failing;
  std::latch is_armed(1);
  std::thread other([&] {
    is_armed.wait();
    wait_until_refused(*failing, failing->refused() + 2);  // by shutdown
    event.set();
  });
  failing.emplace(0);
  Runtime rt{{.workers = 2, .report_blocking_after = kNoReports}};
  rt.run([&] {
    weft::spawn_detached([&]() -> Task<> {
      co_await event;
      while (!is_enough.load()) co_await weft::yield();
    });
  });
  is_armed.count_down();
  CHECK(rt.shutdown(weft::Shutdown::Drain, std::chrono::steady_clock::now() + 50ms).remaining == 1);
  is_enough.store(true);
  other.join();
}

TEST_CASE("a watcher that could not be started is started when more work is added") {
  Runtime rt{{.workers = 1, .on_blocked = [](const weft::BlockedWorker&) {}}};
  {
    const FailingThreads failing(1);  // but for the worker's own
    Counter job;
    rt.spawn([] {}, job);
    job.wait();
    REQUIRE(failing.refused() == 1);
  }
  Counter jobs;
  while (threads_named("watch/") == 0) rt.spawn([] {}, jobs);
  jobs.wait();
  std::latch gate(1);
  rt.spawn([&] { gate.wait(); }, jobs);
  rt.spawn([&] { gate.count_down(); }, jobs);
  jobs.wait();
}

TEST_CASE("where there is no watcher that could open tiers all are open") {
  Runtime rt{{.workers = 2,
              .pinning = weft::PinningStrategy::TieredSpillover,
              .topology = weft::Topology::parse("l3:2 core:1"),
              .report_blocking_after = kNoReports}};
  REQUIRE(rt.stats().tiers.size() == 2);
  const FailingThreads failing(1);  // but for one worker's
  Counter jobs;
  std::latch is_inside(1), gate(1);
  rt.spawn(
      [&] {
        is_inside.count_down();
        gate.wait();
      },
      jobs);
  is_inside.wait();
  rt.run([&] { gate.count_down(); });  // in the seat of the second tier
  jobs.wait();
}

TEST_CASE("workers whose threads could not be started get them later") {
  constexpr unsigned kWorkers = 4;
  Runtime rt{{.workers = kWorkers, .spare_workers = 0}};
  Counter jobs;
  std::latch is_inside(1), gate(1), all_run(kWorkers);
  rt.spawn(  // starts a worker's thread and the watcher's
      [&] {
        is_inside.count_down();
        gate.wait();
      },
      jobs);
  is_inside.wait();
  {
    const FailingThreads failing(0);
    rt.spawn([] {}, jobs);
    REQUIRE(failing.refused() >= static_cast<int>(kWorkers) - 1);  // the watcher may have tried again
  }
  gate.count_down();
  for (unsigned i = 0; i < kWorkers; ++i) rt.spawn([&] { all_run.arrive_and_wait(); }, jobs);
  jobs.wait();
}

TEST_CASE("a watcher that another thread starts, just after there was no thread for it, has the tiers as they should be") {
  RuntimeOptions options{.workers = 2,
                         .pinning = weft::PinningStrategy::TieredSpillover,
                         .topology = weft::Topology::parse("l3:2 core:1"),
                         .report_blocking_after = kNoReports};
  options.tiers.threshold = 1;
  options.tiers.spill_delay = 1h;
  Runtime rt{options};
  REQUIRE(rt.stats().tiers.size() == 2);
  std::latch is_refused(1), has_run(1);
  std::optional<FailingThreads> failing(1);  // but for one worker's
  failing->after_unlock([&] {
    is_refused.count_down();
    has_run.wait();
  });
  Counter jobs;
  rt.spawn(
      [&] {
        is_refused.wait();  // whoever spawned this is between its failure and what it does about it
        failing.reset();
        weft::spawn([&] { has_run.count_down(); }, jobs);
        const weft::BlockingSection section;  // starts the watcher, which has the other worker run what was spawned
        has_run.wait();
      },
      jobs);
  jobs.wait();
  while (rt.stats().tiers[1].is_open) std::this_thread::yield();  // the watcher closes it when its thread begins
  CHECK(rt.stats().tiers[0].is_open);
}
