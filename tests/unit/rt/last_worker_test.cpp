// Whom a task wakes that goes on: the worker that ran it last, while its cache may still be warm.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/manual_clock.hpp"
#include "support/own_threads.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <latch>
#include <string>
#include <thread>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::ManualClock;
using weft_test::threads_called;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kWorkers = 4;
constexpr auto kWarm = 1ms;  // as lib/sched/README.md says

bool sleeps(const std::filesystem::path& thread) {
  std::ifstream file(thread / "status");
  for (std::string word; file >> word;) {
    if (word == "State:" && file >> word) return word == "S";
  }
  return false;
}

/// Waits until no worker searches. A thread that waits for a lock sleeps as well, so nothing may have changed between two looks.
void wait_until_asleep(const Runtime& rt) {
  std::uint64_t before = 0;
  for (;;) {
    const auto threads = threads_called("woken/");
    const std::uint64_t parks = rt.stats().total().parks;
    if (threads.size() == kWorkers && std::all_of(threads.begin(), threads.end(), sleeps) && parks == before) return;
    before = parks;
    std::this_thread::yield();
  }
}

/// A task that begins on one worker, beside the others, and waits there.
struct Waiting {
  Counter gate;
  Counter done;
  unsigned began_on = 0;
  unsigned ended_on = 0;

  Task<> run(std::latch& all_are_here) {
    began_on = weft::current_worker()->index;
    all_are_here.arrive_and_wait();
    co_await gate;
    ended_on = weft::current_worker()->index;
  }
};

/// How many of the tasks, one on each worker, go on where they began when all workers have slept for so long.
unsigned go_on_where_they_began(std::chrono::nanoseconds slept) {
  ManualClock clock;
  Runtime rt{{.workers = kWorkers, .name = "woken", .spare_workers = 0, .report_blocking_after = {}}};
  std::array<Waiting, kWorkers> tasks;
  std::latch all_are_here(kWorkers);
  for (Waiting& task : tasks) {
    task.gate.add();
    rt.spawn(task.run(all_are_here), task.done);
  }
  all_are_here.wait();
  wait_until_asleep(rt);
  clock.advance(slept);
  unsigned same = 0;
  for (Waiting& task : tasks) {
    task.gate.sub();
    task.done.wait();
    wait_until_asleep(rt);
    same += task.began_on == task.ended_on ? 1 : 0;
  }
  return same;
}

}  // namespace

TEST_CASE("a task that is woken from outside goes on on the worker that ran it last, if that has not slept for long") {
  CHECK(go_on_where_they_began(0ns) == kWorkers);
  CHECK(go_on_where_they_began(kWarm - 1ns) == kWorkers);
}

TEST_CASE("a task whose last worker has slept for long wakes the one that is woken first") {
  // After the first of them that is the same for all: it has slept least.
  CHECK(go_on_where_they_began(kWarm) < kWorkers);
}
