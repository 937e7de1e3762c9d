#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <chrono>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using weft::Interval;
using weft::interval;
using weft::MissedTick;
using weft::Task;

// The time of a tick is named before it is tested: gcc 12 awaits twice what is awaited inside CHECK, and a tick is gone then.

namespace {

/// Keeps the worker for so long.
void work_until(Clock::time_point time) {
  while (Clock::now() < time) {
  }
}

}  // namespace

TEST_CASE("ticks come one period after another, and none early") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(500us, MissedTick::Burst);
    auto due = beat.next();
    for (int i = 0; i < 10; ++i) {
      const auto tick = co_await beat.tick();
      CHECK(tick == due);
      CHECK(Clock::now() >= due);
      due += beat.period();
    }
  });
}

TEST_CASE("ticks that were missed are left out, and the rest stay where they were") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(1ms);
    const auto first = beat.next();
    work_until(first + 3500us);
    const auto tick = co_await beat.tick();
    CHECK(tick == first);
    CHECK(beat.next() >= first + 4ms);
    CHECK((beat.next() - first) % beat.period() == 0ns);
    const auto next = beat.next();
    const auto next_tick = co_await beat.tick();
    CHECK(next_tick == next);
    CHECK(Clock::now() >= next);
  });
}

TEST_CASE("ticks that were missed are made up for at once") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(1ms, MissedTick::Burst);
    const auto first = beat.next();
    work_until(first + 3500us);
    for (int i = 0; i < 4; ++i) {
      const auto tick = co_await beat.tick();
      CHECK(tick == first + i * 1ms);
    }
    CHECK(beat.next() == first + 4ms);
  });
}

TEST_CASE("after a tick that came late the next comes one period later") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(1ms, MissedTick::Delay);
    const auto first = beat.next();
    work_until(first + 3500us);
    const auto before = Clock::now();
    const auto tick = co_await beat.tick();
    CHECK(tick == first);
    CHECK(beat.next() >= before + 1ms);
    CHECK(beat.next() <= Clock::now() + 1ms);
  });
}

TEST_CASE("ticks that are delayed are never closer than a period, late or not") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(2ms, MissedTick::Delay);
    work_until(beat.next() + 1ms);
    for (int i = 0; i < 2; ++i) {  // the first is late by half a period
      const auto before = std::max(Clock::now(), beat.next());
      co_await beat.tick();
      CHECK(beat.next() >= before + beat.period());
    }
  });
}

TEST_CASE("a period that is longer than the clock runs never ends") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(std::chrono::nanoseconds::max());
    CHECK(beat.next() == Clock::time_point::max());
    const auto ticks = [](Interval& on) -> Task<> { co_await on.tick(); };
    const bool has_ticked = co_await weft::completed_within(ticks(beat), 1ms);
    CHECK_FALSE(has_ticked);
  });
}

TEST_CASE("a tick that a stop has interrupted is the next again") {
  weft::Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Interval beat = interval(1h);
    const auto due = beat.next();
    const auto waits = [](Interval& on) -> Task<> { co_await on.tick(); };
    const bool has_ticked = co_await weft::completed_within(waits(beat), 1ms);
    CHECK_FALSE(has_ticked);
    CHECK(beat.next() == due);
    beat.restart();
    CHECK(beat.next() > due);
  });
}

TEST_CASE("a period that is not positive is refused") {
  CHECK_THROWS_WITH(interval(0ns), Catch::Contains("positive"));
  CHECK_THROWS_AS(interval(-1ms), weft::UsageError);
}
