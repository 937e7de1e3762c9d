// Calls that block a worker: others run in its place, and rest again afterwards.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/one_at_a_time.hpp"
#include "support/pipe.hpp"
#include "support/skip.hpp"
#include "support/subprocess.hpp"

#include <atomic>
#include <cerrno>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Catch::Matchers::Contains;
using weft::blocking;
using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft_test::Pipe;
namespace this_fiber = weft::this_fiber;

namespace {

/// Counts `inside` down in the call, which then blocks.
Task<> block_in(const Pipe& pipe, std::latch& inside) {
  co_await blocking([&] {
    inside.count_down();
    pipe.block();
  });
}

/// What the runtime has reported.
struct Reports {
  auto hook() {
    return [this](const weft::BlockedWorker& blocked) {
      const std::lock_guard lock(mutex);
      all.push_back(blocked);
      count.store(static_cast<int>(all.size()));
    };
  }
  std::mutex mutex;
  std::vector<weft::BlockedWorker> all;
  std::atomic<int> count{0};
};

}  // namespace

TEST_CASE("a blocking call gives its result, its exception and its errno, in a coroutine and on a fiber") {
  Runtime rt{{.workers = 1}};
  auto task = []() -> Task<int> {
    auto fails = []() -> int { throw std::runtime_error("call"); };
    std::string said;
    try {
      static_cast<void>(co_await blocking(fails));
    } catch (const std::runtime_error& error) {
      said = error.what();
    }
    CHECK(said == "call");
    co_return co_await blocking([] { return 7; });
  };
  CHECK(rt.run(task()) == 7);
  rt.run(on_fiber([] {
    CHECK(this_fiber::blocking([] { return 8; }) == 8);
    CHECK_FALSE(this_fiber::blocking([] { return this_fiber::is_one(); }));
    this_fiber::blocking([] { errno = EDOM; });
    CHECK(errno == EDOM);
  }));
  CHECK(weft::sync_wait(task()) == 7);
  int calls = 0;
  auto named = [&calls] { ++calls; };
  rt.run([&]() -> Task<> { co_await blocking(named); });
  CHECK(calls == 1);
}

TEST_CASE("while all workers are in blocking calls, others run what waits") {
  const auto report_after = GENERATE(0, 100);
  Runtime rt{{.workers = 2, .report_blocking_after = std::chrono::milliseconds(report_after)}};
  const Pipe pipe;
  Counter blocked, others;
  std::latch all_inside(2);
  rt.spawn(block_in(pipe, all_inside), blocked);
  rt.spawn(block_in(pipe, all_inside), blocked);
  all_inside.wait();
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) rt.spawn([&done] { done.fetch_add(1); }, others);
  others.wait();
  CHECK(done.load() == 100);
  pipe.release();
  pipe.release();
  blocked.wait();
}

TEST_CASE("what lies on the deque of a blocked worker is run by others") {
  Runtime rt{{.workers = 1}};
  const Pipe pipe;
  Counter others(100);
  std::atomic<int> done{0};
  Counter blocked;
  auto blocks = [&]() -> Task<> {
    for (int i = 0; i < 100; ++i) {
      weft::spawn_detached([&] {
        done.fetch_add(1);
        others.sub();
      });
    }
    co_await blocking([&] { pipe.block(); });
  };
  rt.spawn(blocks(), blocked);
  others.wait();
  CHECK(done.load() == 100);
  CHECK_FALSE(blocked.is_complete());
  pipe.release();
  blocked.wait();
}

TEST_CASE("fibers and plain jobs may block too") {
  Runtime rt{{.workers = 1}};
  const Pipe pipe;
  Counter blocked, others;
  rt.spawn_fiber([&] { this_fiber::blocking([&] { pipe.block(); }); }, blocked);
  rt.spawn([] {}, others);
  others.wait();
  pipe.release();
  blocked.wait();
  rt.spawn(
      [&] {
        const weft::BlockingSection section;
        pipe.block();
      },
      blocked);
  rt.spawn([] {}, others);
  others.wait();
  pipe.release();
  blocked.wait();
}

TEST_CASE("no more spare workers run than the options allow") {
  Runtime rt{{.workers = 1, .spare_workers = 1}};
  const Pipe pipe;
  Counter first, second, third;
  std::latch first_is_inside(1), second_is_inside(1);
  rt.spawn(block_in(pipe, first_is_inside), first);
  first_is_inside.wait();
  rt.spawn(block_in(pipe, second_is_inside), second);
  second_is_inside.wait();  // the spare worker has it
  std::atomic<bool> has_run{false};
  rt.spawn([&has_run] { has_run.store(true); }, third);
  while (rt.stats().workers.size() < 2) std::this_thread::yield();
  CHECK(rt.stats().workers.size() == 2);
  CHECK_FALSE(has_run.load());
  pipe.release();
  pipe.release();
  third.wait();
  first.wait();
  second.wait();
  CHECK(rt.stats().workers.size() == 2);
}

TEST_CASE("spare workers rest when the blocked ones are back, also if there is always work") {
  Runtime rt{{.workers = 1}};
  const Pipe pipe;
  Counter blocked, flood;
  std::atomic<bool> stops{false};
  std::atomic<int> at_once{0}, most{0};
  std::latch is_inside(1);
  rt.spawn(block_in(pipe, is_inside), blocked);
  is_inside.wait();
  auto yields = [&]() -> Task<> {
    while (!stops.load()) {
      const int now = at_once.fetch_add(1) + 1;
      if (now > most.load()) most.store(now);
      std::this_thread::yield();
      at_once.fetch_sub(1);
      co_await weft::yield();
    }
  };
  for (int i = 0; i < 4; ++i) rt.spawn(yields(), flood);
  while (most.load() == 0) std::this_thread::yield();  // the spare runs
  pipe.release();
  blocked.wait();
  // From here on the spare may be in the middle of one job, and then it rests: one job runs at a time, for ten thousand turns.
  int alone = 0;
  while (alone < 10'000 / (weft_test::kSanitized ? 10 : 1)) {
    alone = at_once.load() <= 1 ? alone + 1 : 0;
  }
  stops.store(true);
  flood.wait();
}

TEST_CASE("a call that blocks unmarked is reported once, with its place, and others run meanwhile") {
  Reports reports;
  Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(20), .on_blocked = reports.hook()}};
  const Pipe pipe;
  for (int round = 0; round < 2; ++round) {
    Counter blocked, others;
    std::latch is_inside(1);
    rt.spawn(
        [&] {
          is_inside.count_down();
          pipe.block();
        },
        blocked);
    is_inside.wait();
    rt.spawn([] {}, others);
    others.wait();  // by a spare worker
    while (reports.count.load() == 0) std::this_thread::yield();
    pipe.release();
    blocked.wait();
  }
  const std::lock_guard lock(reports.mutex);
  REQUIRE(reports.all.size() == 1);
  CHECK(reports.all[0].duration >= std::chrono::milliseconds(20));
  std::string text;
  for (const std::string& frame : reports.all[0].frames) text += frame + "\n";
  CHECK_THAT(text, Contains("read"));
}

TEST_CASE("others run in a blocked worker's place before anybody is told of it") {
  const Pipe pipe;
  std::latch has_run(1);
  Runtime rt{{.workers = 1,
              .report_blocking_after = std::chrono::milliseconds(5),
              .on_blocked = [&](const weft::BlockedWorker&) {
                has_run.wait();
                pipe.release();
              }}};
  Counter counter;
  rt.spawn([&] { pipe.block(); }, counter);
  rt.spawn([&] { has_run.count_down(); }, counter);
  counter.wait();
}

TEST_CASE("what a thread inside run has spawned is run by another while that thread is blocked, also if there was no other before") {
  const Pipe pipe;
  Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(5), .on_blocked = [](const weft::BlockedWorker&) {}}};
  Counter counter;
  rt.run([&] {
    weft::spawn([&] { pipe.release(); }, counter);
    pipe.block();
  });
  counter.wait();
}

TEST_CASE("a thread inside run that is blocked is noticed in the child of a process in which it was inside another run") {
#if WEFT_TSAN
  weft_test::skip("ThreadSanitizer lets no threads begin in the child of a process that has had some");
#else
  const auto block_inside_run = [] {
    const Pipe pipe;
    Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(5), .on_blocked = [](const weft::BlockedWorker&) {}}};
    Counter counter;
    rt.run([&] {
      weft::spawn([&] { pipe.release(); }, counter);
      pipe.block();
    });
    counter.wait();
    return 0;
  };
  block_inside_run();
  // Where it is not noticed nobody runs what would release it, until the child's time is over.
  CHECK(weft_test::in_child(block_inside_run).signal == 0);
#endif
}

TEST_CASE("a worker that blocks unmarked is noticed, though a thread inside run has had its seat before") {
  const Pipe pipe;
  Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(5), .on_blocked = [](const weft::BlockedWorker&) {}}};
  Counter counter;
  rt.spawn([] {}, counter);  // so that the worker has its thread
  counter.wait();
  while (rt.run([] { return std::this_thread::get_id(); }) != std::this_thread::get_id()) {  // the worker has not been asleep yet
  }
  std::latch is_inside(1);
  rt.spawn(
      [&] {
        is_inside.count_down();
        pipe.block();
      },
      counter);
  is_inside.wait();
  rt.spawn([&] { pipe.release(); }, counter);  // by another
  counter.wait();
}

TEST_CASE("a worker that computes is not taken for a blocked one") {
  Reports reports;
  Runtime rt{{.workers = 1, .report_blocking_after = std::chrono::milliseconds(10), .on_blocked = reports.hook()}};
  Counter counter;
  rt.spawn(
      [] {
        const auto begin = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(100)) {
        }
      },
      counter);
  counter.wait();
  CHECK(reports.count.load() == 0);
}

TEST_CASE("calls that block inside each other count once, and leave nothing allowed behind") {
  Runtime rt{{.workers = 1}};
  const Pipe pipe;
  for (int round = 0; round < 3; ++round) {
    Counter blocked, others;
    rt.spawn(
        [&pipe] {
          const weft::BlockingSection outer;
          {
            const weft::BlockingSection inner;
            pipe.block();
          }
          pipe.block();
        },
        blocked);
    rt.spawn([] {}, others);
    others.wait();
    pipe.release();
    rt.spawn([] {}, others);
    others.wait();  // still by another
    pipe.release();
    blocked.wait();
  }
  CHECK(weft_test::runs_one_at_a_time(rt));
}

TEST_CASE("options for blocked workers that make no sense are refused") {
  CHECK_THROWS_AS(Runtime({.spare_workers = 1'000'000}), weft::UsageError);
  CHECK_THROWS_AS(Runtime({.report_blocking_after = std::chrono::milliseconds(-1)}), weft::UsageError);
  CHECK_THROWS_AS(Runtime({.fiber_stack_size = std::size_t{1} << 40}), weft::UsageError);
}
