#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/manual_runtime.hpp"

#include <chrono>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using weft::Interval;
using weft::interval;
using weft::MissedTick;
using weft::Task;
using weft_test::ManualRuntime;

// The time of a tick is named before it is tested: gcc 12 awaits twice what is awaited inside CHECK, and a tick is gone then.

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
  ManualRuntime on;
  on.rt.run([&on]() -> Task<> {
    Interval beat = interval(1ms);
    const auto first = beat.next();
    on.clock.advance(4500us);
    const auto tick = co_await beat.tick();
    CHECK(tick == first);
    CHECK(beat.next() == first + 4ms);
    const auto next_tick = co_await beat.tick();
    CHECK(next_tick == first + 4ms);
    CHECK(on.clock.now() == first + 4ms);
  });
}

TEST_CASE("ticks that were missed are made up for at once") {
  ManualRuntime on;
  on.rt.run([&on]() -> Task<> {
    Interval beat = interval(1ms, MissedTick::Burst);
    const auto first = beat.next();
    on.clock.advance(4500us);
    for (int i = 0; i < 4; ++i) {
      const auto tick = co_await beat.tick();
      CHECK(tick == first + i * 1ms);
    }
    CHECK(beat.next() == first + 4ms);
    CHECK(on.clock.now() == first + 3500us);
  });
}

TEST_CASE("after a tick that came late the next comes one period later") {
  ManualRuntime on;
  on.rt.run([&on]() -> Task<> {
    Interval beat = interval(1ms, MissedTick::Delay);
    const auto first = beat.next();
    on.clock.advance(4500us);
    const auto tick = co_await beat.tick();
    CHECK(tick == first);
    CHECK(beat.next() == first + 3500us + 1ms);
  });
}

TEST_CASE("ticks that are delayed are never closer than a period, late or not") {
  ManualRuntime on;
  on.rt.run([&on]() -> Task<> {
    Interval beat = interval(2ms, MissedTick::Delay);
    const auto first = beat.next();
    on.clock.advance(3ms);  // late by half a period
    co_await beat.tick();
    CHECK(beat.next() == first + 3ms);
    co_await beat.tick();
    CHECK(on.clock.now() == first + 3ms);
    CHECK(beat.next() == first + 5ms);
  });
}

TEST_CASE("a period that is longer than the clock runs never ends") {
  ManualRuntime on;
  on.rt.run([]() -> Task<> {
    Interval beat = interval(std::chrono::nanoseconds::max());
    CHECK(beat.next() == Clock::time_point::max());
    const auto ticks = [](Interval& on) -> Task<> { co_await on.tick(); };
    const bool has_ticked = co_await weft::completed_within(ticks(beat), 1ms);
    CHECK_FALSE(has_ticked);
  });
}

TEST_CASE("a tick that a stop has interrupted is the next again") {
  ManualRuntime on;
  on.rt.run([]() -> Task<> {
    Interval beat = interval(1h);
    const auto due = beat.next();
    const auto waits = [](Interval& on) -> Task<> { co_await on.tick(); };
    const bool has_ticked = co_await weft::completed_within(waits(beat), 1ms);
    CHECK_FALSE(has_ticked);
    CHECK(beat.next() == due);
    beat.restart();
    CHECK(beat.next() == due + 1ms);
  });
}

TEST_CASE("a period that is not positive is refused") {
  CHECK_THROWS_WITH(interval(0ns), Catch::Contains("positive"));
  CHECK_THROWS_AS(interval(-1ms), weft::UsageError);
}
