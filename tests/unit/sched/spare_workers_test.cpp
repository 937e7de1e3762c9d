// Spare workers when they are needed no more, and runtimes that are stopped while workers are blocked.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
#include "support/manual_clock.hpp"
#include "support/own_threads.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <latch>
#include <string>
#include <thread>

using weft::blocking;
using weft::Counter;
using weft::FiberDepot;
using weft::NumaArena;
using weft::on;
using weft::PinningStrategy;
using weft::Runtime;
using weft::Shutdown;
using weft::Task;
using weft::Topology;
using weft_test::ManualClock;
using weft_test::threads_called;
using weft_test::threads_named;
using namespace std::chrono_literals;

namespace {

constexpr auto kSpareRests = 10s;  // as lib/sched/README.md says

Task<> block_until(std::latch& is_inside, const std::latch& gate) {
  co_await blocking([&] {
    is_inside.count_down();
    gate.wait();
  });
}

/// Blocks the only worker until a spare one has run a fiber.
void need_a_spare(Runtime& rt) {
  std::latch is_inside(1), gate(1);
  Counter blocked, others;
  rt.spawn(block_until(is_inside, gate), blocked);
  is_inside.wait();
  rt.spawn_fiber([] {}, others);
  others.wait();
  gate.count_down();
  blocked.wait();
}

/// Wakes the watcher, if it sleeps for long.
void call_watcher(Runtime& rt) {
  rt.run([]() -> Task<> { co_await blocking([] {}); });
}

/// How often the watcher has gone to sleep.
long naps_of_watcher() {
  const auto threads = threads_called("watch/");
  REQUIRE(threads.size() == 1);
  std::ifstream file(threads[0] / "status");
  for (std::string word; file >> word;) {
    if (long count = 0; word == "voluntary_ctxt_switches:" && file >> count) return count;
  }
  FAIL("the kernel does not count them");
  return 0;
}

/// Waits until the watcher has looked at everything once more, and at the time; does something meanwhile.
template <class F>
void wait_for_watcher(F meanwhile) {
  constexpr long kEnough = 4;  // one for the turn that has begun, one for the next, and some because it may have waited for a lock
  const long before = naps_of_watcher();
  while (naps_of_watcher() < before + kEnough) meanwhile();
}

}  // namespace

TEST_CASE("the thread of a spare worker ends when nobody has been blocked for ten seconds, not before, and is replaced when needed") {
  const std::size_t fibers = FiberDepot::outstanding();
  {
    ManualClock clock;
    Runtime rt{{.workers = 1, .name = "spares", .report_blocking_after = 0ms}};
    for (int round = 0; round < 3; ++round) {
      need_a_spare(rt);
      CHECK(threads_named("spares/") == 2);
      clock.advance(kSpareRests - 1ns);
      wait_for_watcher([&rt] { call_watcher(rt); });
      CHECK(threads_named("spares/") == 2);
      clock.advance(1ns);
      while (threads_named("spares/") == 2) {
        call_watcher(rt);
        clock.advance(kSpareRests);  // that call may have taken long enough for another to be allowed
      }
      CHECK(threads_named("spares/") == 1);
      CHECK(FiberDepot::outstanding() == fibers);  // what it had kept is in the depot
    }
    CHECK(rt.stats().workers.size() == 2);
  }
  CHECK(FiberDepot::outstanding() == fibers);
}

TEST_CASE("a spare worker does not end while something sleeps on it") {
  ManualClock clock;
  Runtime rt{{.workers = 1, .name = "spares", .report_blocking_after = 0ms}};
  weft::Event sleeps, goes_on;
  const auto wait_for = [](weft::Event& event) -> Task<> { co_await event; };
  const auto set_and_wait = [&]() -> Task<> {
    sleeps.set();  // its sibling came first
    co_await wait_for(goes_on);
  };
  const auto sleep = []() -> Task<> { co_await weft::sleep_for(24h); };
  const auto sleeper = [&]() -> Task<> { static_cast<void>(co_await weft::when_any(sleep(), set_and_wait())); };
  std::latch is_inside(1), gate(1);
  Counter blocked, others;
  rt.spawn(block_until(is_inside, gate), blocked);
  is_inside.wait();
  rt.spawn(sleeper(), others);
  sleeps.wait();
  gate.count_down();
  blocked.wait();
  for (int i = 0; i < 3; ++i) {
    clock.advance(2 * kSpareRests);
    wait_for_watcher([&rt] { call_watcher(rt); });
    CHECK(threads_named("spares/") == 2);
  }
  goes_on.set();
  others.wait();
  // The time of the sleep that was cancelled is far away still.
  for (int i = 0; i < 100 && threads_named("spares/") == 2; ++i) {
    clock.advance(2 * kSpareRests);
    wait_for_watcher([&rt] { call_watcher(rt); });
  }
  CHECK(threads_named("spares/") == 1);
}

TEST_CASE("a spare worker does not end while others are blocked, however long") {
  ManualClock clock;
  Runtime rt{{.workers = 1, .name = "spares", .report_blocking_after = 0ms}};
  std::latch is_inside(1), gate(1);
  Counter blocked, others;
  rt.spawn(block_until(is_inside, gate), blocked);
  is_inside.wait();
  rt.spawn([] {}, others);
  others.wait();
  clock.advance(10 * kSpareRests);
  wait_for_watcher([] { std::this_thread::yield(); });  // it looks each millisecond
  CHECK(threads_named("spares/") == 2);
  rt.spawn([] {}, others);
  others.wait();
  gate.count_down();
  blocked.wait();
}

TEST_CASE("while the workers of all arenas are blocked, one that was added for them does what waits for each") {
  const Topology two_nodes = Topology::parse("node:2 core:1 pu:1");
  Runtime rt{{.workers = 2, .pinning = PinningStrategy::Linear, .topology = two_nodes, .spare_workers = 1, .report_blocking_after = {}}};
  std::latch is_inside[] = {std::latch{1}, std::latch{1}};
  std::latch lets_go{1};
  Counter blocked;
  for (unsigned i = 0; i < 2; ++i) {
    weft::spawn(on(rt.arena(i)), block_until(is_inside[i], lets_go), blocked);
    is_inside[i].wait();
  }
  std::atomic<int> by_the_spare{0};
  const auto count = [&] { by_the_spare += weft::current_worker()->index == 2 && &NumaArena::here() == &rt.arena(0) ? 1 : 0; };
  for (unsigned i = 0; i < 2; ++i) {
    Counter done;
    Counter gate;
    gate.add();
    const auto waits = [&]() -> Task<> {
      count();
      co_await gate;
      count();
    };
    weft::spawn(on(rt.arena(i)), waits, done);
    weft::spawn_batch(on(rt.arena(i)), 100, [&](std::size_t) { return count; }, done);
    weft::spawn_fiber(on(rt.arena(1 - i)), [&] { gate.sub(); }, done);
    done.wait();
  }
  CHECK(by_the_spare == 2 * 102);
  lets_go.count_down();
  blocked.wait();
}

TEST_CASE("a runtime that is shut down while its workers are blocked runs what waits, and waits for the calls") {
  const unsigned spares = GENERATE(0u, 64u);
  const auto report_after = GENERATE(0ms, 20ms);
  constexpr unsigned kWorkers = 2;
  constexpr unsigned kJobs = 50;
  std::latch all_inside(kWorkers), gate(1);
  std::atomic<unsigned> jobs{0}, calls{0}, ended{0};
  Counter last(1);
  auto blocks = [&]() -> Task<> {
    for (unsigned i = 0; i < kJobs; ++i) weft::spawn_detached([&jobs] { jobs.fetch_add(1); });
    if (report_after == 0ms) {
      co_await block_until(all_inside, gate);
    } else {
      all_inside.arrive_and_wait();
      gate.wait();  // unmarked
    }
    calls.fetch_add(1);
    co_await last;
    ended.fetch_add(1);
  };
  std::thread opens;
  {
    Runtime rt{{.workers = kWorkers,
                .name = "blocked",
                .spare_workers = spares,
                .report_blocking_after = report_after,
                .on_blocked = [](const auto&) {}}};
    for (unsigned i = 0; i < kWorkers; ++i) rt.spawn_detached(blocks());
    all_inside.wait();
    for (unsigned i = 0; i < kJobs; ++i) rt.spawn_detached([&jobs] { jobs.fetch_add(1); });
    const auto remaining = [&rt] { return rt.shutdown(Shutdown::Drain, std::chrono::steady_clock::now()).remaining; };
    if (spares == 0) {
      CHECK(remaining() == kWorkers + 3 * kJobs - jobs.load());  // nobody runs any
    } else {
      while (remaining() != kWorkers) std::this_thread::yield();
      CHECK(jobs.load() == 3 * kJobs);
    }
    CHECK(calls.load() == 0);
    opens = std::thread([&] {
      gate.count_down();
      while (calls.load() != kWorkers) std::this_thread::yield();
      last.sub();
    });
  }
  CHECK(ended.load() == kWorkers);
  CHECK(jobs.load() == 3 * kJobs);
  opens.join();
  while (threads_named("blocked/") != 0) std::this_thread::yield();  // joined; the kernel may still have them on its list
}
