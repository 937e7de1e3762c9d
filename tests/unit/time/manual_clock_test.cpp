#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"
#include "support/manual_runtime.hpp"
#include "support/seeded_random.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using weft::completed_within;
using weft::ManualClock;
using weft::now;
using weft::Runtime;
using weft::sleep_for;
using weft::sleep_until;
using weft::Task;
using weft::timeout;
using weft_test::drain;
using weft_test::is_ready;
using Steady = std::chrono::steady_clock;

namespace {

Task<> note_after(std::chrono::nanoseconds span, std::string& order, char name) {
  co_await sleep_for(span);
  order += name;
}

Task<> rest(std::chrono::nanoseconds span) { co_await sleep_for(span); }

}  // namespace

TEST_CASE("a clock stands still until it is moved, and does not go back") {
  const ManualClock at_present;
  CHECK(at_present.now() <= Steady::now());
  ManualClock clock(Steady::time_point(1h));
  CHECK(clock.now() == Steady::time_point(1h));
  clock.advance(1500ms);
  clock.advance(std::chrono::duration<double>(0.5));
  CHECK(clock.now() == Steady::time_point(1h + 2s));
  clock.advance_to(Steady::time_point(2h));
  clock.advance_to(clock.now());
  CHECK(clock.now() == Steady::time_point(2h));
  CHECK_THROWS_WITH(clock.advance(-1ns), Catch::Contains("does not go back"));
  CHECK_THROWS_WITH(clock.advance_to(Steady::time_point(1h)), Catch::Contains("does not go back"));
  CHECK_THROWS_AS(clock.advance(std::chrono::nanoseconds::min()), weft::UsageError);
  CHECK_THROWS_AS(clock.advance_to(Steady::time_point::min()), weft::UsageError);
  CHECK(clock.now() == Steady::time_point(2h));
  CHECK_THROWS_AS(ManualClock(Steady::time_point(-1ns)), weft::UsageError);
}

TEST_CASE("a sleep is over to the nanosecond, and not before") {
  ManualClock clock(Steady::time_point(GENERATE(0ns, 1ns, 123'456'789ns)));
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  const std::chrono::nanoseconds span = GENERATE(1ns, 33us, 1s, 8766h);
  std::string order;
  rt.spawn_detached(note_after(span, order, 'a'));
  drain(rt);
  CHECK(clock.next_timer() == clock.now() + span);
  clock.advance(span - 1ns);
  drain(rt);
  CHECK(order.empty());
  CHECK_FALSE(is_ready(rt));
  clock.advance(1ns);
  CHECK(order.empty());  // nothing runs but by steps
  CHECK(is_ready(rt));
  drain(rt);
  CHECK(order == "a");
  CHECK_FALSE(is_ready(rt));
  CHECK_FALSE(clock.next_timer().has_value());
}

TEST_CASE("sleepers wake in the order of their times, and of one time in the order in which they fell asleep") {
  constexpr int kTimes = 5;
  constexpr int kSleepers = 500;
  ManualClock clock;
  const auto start = clock.now();
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  weft_test::SeededRandom random;
  std::vector<std::pair<std::chrono::nanoseconds, int>> asleep, woken;
  const auto sleeper = [&](std::chrono::nanoseconds span, int number) -> Task<> {
    asleep.emplace_back(span, number);
    co_await sleep_until(start + span);
    woken.emplace_back(span, number);
  };
  for (int i = 0; i < kSleepers; ++i) rt.spawn_detached(sleeper(std::chrono::nanoseconds(1 + random.below(kTimes)), i));
  drain(rt);
  CHECK(woken.empty());
  std::stable_sort(asleep.begin(), asleep.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  SECTION("one time after the other") {
    while (clock.advance_to_next()) {
      drain(rt);
      CHECK(woken.back().first == clock.now() - start);
    }
  }
  SECTION("all at once") {
    clock.advance(1h);
    drain(rt);
  }
  SECTION("by a call that blocks") { CHECK(rt.shutdown().is_complete()); }
  CHECK(woken == asleep);
}

TEST_CASE("hours of a scenario run to the end at once") {
  ManualClock clock;
  const auto start = clock.now();
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  int ticks = 0, minutes = 0;
  rt.run([&]() -> Task<> {
    weft::Interval beat = weft::interval(1s);
    const auto counts_minutes = [&minutes]() -> Task<> {
      for (; minutes < 600; ++minutes) co_await sleep_for(1min);
    };
    auto other = weft::spawn(counts_minutes());
    for (; ticks < 10 * 3600; ++ticks) {
      const auto due = co_await beat.tick();
      if (due != start + (ticks + 1) * 1s || now() != due) co_return;
    }
    co_await std::move(other);
  });
  CHECK(ticks == 10 * 3600);
  CHECK(minutes == 600);
  CHECK(clock.now() == start + 10h);
}

TEST_CASE("by a clock that is moved far, what happens at a time happens before what comes later") {
  ManualClock clock;
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  bool has_ended = false;
  bool is_stopped = false;
  const auto loser = [&is_stopped]() -> Task<> {
    try {
      co_await sleep_for(2s);
    } catch (const weft::OperationCancelled&) {
      is_stopped = true;
    }
  };
  rt.spawn_detached([&]() -> Task<> {
    has_ended = co_await completed_within(rest(1s), 2s);
  });
  rt.spawn_detached([&]() -> Task<> { static_cast<void>(co_await weft::when_any(rest(1s), loser())); });
  drain(rt);
  clock.advance(1h);
  drain(rt);
  CHECK(has_ended);
  CHECK(is_stopped);
}

TEST_CASE("what runs for a runtime with a manual clock has its time") {
  ManualClock clock(Steady::time_point(5s));
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  rt.run([&clock]() -> Task<> {
    CHECK(now() == clock.now());
    co_await sleep_until(now() + 3s);
    CHECK(now() == Steady::time_point(8s));
    clock.advance(2s);  // by a task
    CHECK(now() == Steady::time_point(10s));
    weft::Interval beat = weft::interval(1s);
    CHECK(beat.next() == Steady::time_point(11s));
  });
  CHECK(now() > Steady::time_point(1min));  // here there is no worker: it is the steady clock
  CHECK(weft::sync_wait([]() -> Task<bool> {
    const auto before = Steady::now();
    co_return now() >= before;
  }()));
  // A runtime with threads beside it has its own.
  Runtime threaded({.workers = 1});
  CHECK(threaded.run([] { return now(); }) > Steady::time_point(1min));
}

TEST_CASE("a span that is given on a thread that is no worker begins when it is awaited") {
  ManualClock clock(Steady::time_point(5s));
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  const auto in_three_seconds = Steady::time_point(8s);
  SECTION("a sleep") {
    rt.run(weft::as_task(sleep_for(3s)));
    CHECK(clock.now() == in_three_seconds);
  }
  SECTION("a timeout") {
    CHECK_THROWS_WITH(rt.run(timeout(rest(1h), 3s)), Catch::Contains("after 3000 ms"));
    CHECK_FALSE(rt.run(completed_within(rest(1h), 0s)));
    CHECK(clock.now() == in_three_seconds);
  }
  SECTION("an interval") {
    weft::Interval beat(3s, weft::MissedTick::Burst);
    Steady::time_point due;
    rt.run([&]() -> Task<> { due = co_await beat.tick(); });
    CHECK(due == in_three_seconds);
    CHECK(clock.now() == in_three_seconds);
    CHECK(beat.next() == due + 3s);
  }
  SECTION("an interval whose first tick was made there") {
    weft::Interval beat(3s);
    auto tick = beat.tick();
    Steady::time_point due;
    rt.run([&]() -> Task<> { due = co_await tick; });
    CHECK(due == in_three_seconds);
    CHECK(clock.now() == in_three_seconds);
    CHECK(beat.next() == due + 3s);
  }
}

TEST_CASE("a sleep for ever is none that a clock comes to the end of") {
  ManualClock clock;
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  auto on_worker = rt.spawn(rest(std::chrono::nanoseconds::max()));
  auto from_outside = rt.spawn(weft::as_task(sleep_for(std::chrono::nanoseconds::max())));
  drain(rt);
  CHECK_FALSE(clock.next_timer().has_value());
  CHECK_FALSE(clock.advance_to_next());
  clock.advance(std::chrono::nanoseconds::max());
  clock.advance_to(Steady::time_point::max() - 1ns);
  drain(rt);
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK_THROWS_AS(on_worker.wait(), weft::OperationCancelled);
  CHECK_THROWS_AS(from_outside.wait(), weft::OperationCancelled);
}

TEST_CASE("a deadline is over by the clock of its runtime") {
  ManualClock clock;
  const auto start = clock.now();
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  rt.spawn_detached([&]() -> Task<> {
    const auto looks = [&]() -> Task<> {
      const auto deadline = co_await weft::this_task::deadline();
      CHECK(deadline == start + 1h);
      bool is_over = co_await weft::this_task::stop_requested();
      CHECK_FALSE(is_over);
      clock.advance(1h - 1ns);
      is_over = co_await weft::this_task::stop_requested();
      CHECK_FALSE(is_over);
      clock.advance(1ns);
      is_over = co_await weft::this_task::stop_requested();
      CHECK(is_over);
    };
    co_await timeout(looks(), 1h);
  });
  drain(rt);
  CHECK(clock.now() == start + 1h);
}

TEST_CASE("the deadline of a task that visits another runtime is by the clock of its own") {
  ManualClock clock;
  Runtime threaded({.workers = 1});
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  std::atomic<int> looks_in_time{0}, looks_late{0};
  std::atomic<bool> has_looked{false};
  const auto visits = [&]() -> Task<> {
    co_await weft::resume_on(threaded.executor());
    bool is_over = co_await weft::this_task::stop_requested();
    if (!is_over) looks_in_time.fetch_add(1);
    clock.advance(2h);
    is_over = co_await weft::this_task::stop_requested();
    if (is_over) looks_late.fetch_add(1);
    has_looked.store(true);
    co_await weft::resume_on(rt.executor());
  };
  std::atomic<bool> has_ended{false};
  rt.spawn_detached([&]() -> Task<> {
    co_await timeout(visits(), 1h);
    has_ended.store(true);
  });
  drain(rt);
  while (!has_looked.load()) std::this_thread::yield();  // no step in which the timer of the deadline would fire
  while (!has_ended.load()) {
    pollfd asked{rt.fd(), POLLIN, 0};
    ::poll(&asked, 1, -1);
    rt.step();
  }
  CHECK(looks_in_time == 1);
  CHECK(looks_late == 1);
}

TEST_CASE("a clock that another thread moves wakes whoever waits for the descriptor") {
  constexpr int kHours = 500;
  ManualClock clock;
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  int slept = 0;
  std::atomic<bool> has_ended{false};
  rt.spawn_detached([&]() -> Task<> {
    for (; slept < kHours; ++slept) co_await sleep_for(1h);
    has_ended.store(true);
  });
  std::thread mover([&] {
    while (!has_ended.load()) clock.advance(10min);
  });
  while (!has_ended.load()) {
    pollfd asked{rt.fd(), POLLIN, 0};
    ::poll(&asked, 1, -1);  // for ever, if a move is overlooked
    drain(rt);
  }
  mover.join();
  CHECK(slept == kHours);
}

TEST_CASE("several runtimes go by one clock") {
  ManualClock clock;
  const auto start = clock.now();
  Runtime client{{.is_stepped = true, .clock = &clock}};
  std::string order;
  {
    Runtime server{{.is_stepped = true, .clock = &clock}};
    server.spawn_detached(note_after(2s, order, 's'));
    client.spawn_detached(note_after(1s, order, 'c'));
    client.spawn_detached(note_after(3s, order, 'd'));
    do {
      drain(client);
      drain(server);
    } while (clock.advance_to_next());
    CHECK(order == "csd");
    CHECK(clock.now() == start + 3s);
    // A call that blocks looks at its own timers, and does not wait for others'.
    server.spawn_detached(note_after(1s, order, 'e'));
    drain(server);
    client.run(rest(2s));
    CHECK(clock.now() == start + 5s);
    CHECK(is_ready(server));
    CHECK(clock.next_timer() == start + 4s);
    CHECK(clock.advance_to_next());  // it is over, and stays where it is
    CHECK(clock.now() == start + 5s);
  }
  CHECK(order == "csde");
  CHECK_FALSE(clock.next_timer().has_value());
}

TEST_CASE("a runtime with a manual clock that is shut down ends what sleeps") {
  ManualClock clock;
  const auto start = clock.now();
  Runtime rt{{.is_stepped = true, .clock = &clock}};
  std::string order;
  rt.spawn_detached(note_after(24h, order, 'a'));
  auto for_ever = rt.spawn(weft::as_task(sleep_until(Steady::time_point::max())));
  drain(rt);
  SECTION("by asking it to stop") {
    CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    CHECK(order.empty());
    CHECK(clock.now() == start);
    CHECK_FALSE(clock.next_timer().has_value());
  }
  SECTION("by its time, and after that at the deadline, which is by the steady clock") {
    CHECK(rt.shutdown(weft::Shutdown::Drain, Steady::now() + 5ms).remaining == 1);
    CHECK(order == "a");
    CHECK(clock.now() == start + 24h);
    CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  }
  CHECK_THROWS_AS(for_ever.wait(), weft::OperationCancelled);
}

TEST_CASE("mistakes with a manual clock are refused by a sentence") {
  ManualClock clock;
  const auto make = [](ManualClock& of) { Runtime rt({.workers = 1, .clock = &of}); };
  CHECK_THROWS_WITH(make(clock), Catch::Contains("RuntimeOptions::clock") && Catch::Contains("is_stepped"));
  weft_test::check_aborts("destroyed before a Runtime", [] {
    auto dies_first = std::make_unique<ManualClock>();
    const Runtime rt{{.is_stepped = true, .clock = dies_first.get()}};
    dies_first.reset();
  });
}
