#include <catch2/catch.hpp>

#include "queue/timer_wheel.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "support/seeded_random.hpp"

using weft::kNeverNs;
using weft::TimeNs;
using weft::Timer;
using weft::TimerWheel;

namespace {

constexpr TimeNs kTick = TimerWheel::kTick;
constexpr unsigned kAll = ~0U;

/// When a timer may fire first: at the first tick that is not before its time.
TimeNs first_time(TimeNs due) { return (due + kTick - 1) / kTick * kTick; }

std::vector<Timer*> as_vector(Timer* list) {
  std::vector<Timer*> timers;
  for (; list != nullptr; list = list->next) timers.push_back(list);
  return timers;
}

std::vector<Timer*> take_all(TimerWheel& wheel, TimeNs now) {
  std::vector<Timer*> taken;
  while (wheel.next() <= now) {
    const std::vector<Timer*> more = as_vector(wheel.take_due(now, kAll));
    taken.insert(taken.end(), more.begin(), more.end());
  }
  return taken;
}

}  // namespace

TEST_CASE("a timer is taken at the first tick that is not before its time") {
  for (const TimeNs distance : {TimeNs{1}, kTick - 1, kTick, kTick + 1, 255 * kTick, 256 * kTick, 257 * kTick + 5, 65536 * kTick, TimeNs{3'000'000'000},
                                TimeNs{86'400'000'000'000}, TimeNs{1} << 60}) {
    for (const TimeNs start : {TimeNs{0}, TimeNs{12345}, TimeNs{1'700'000'000'123}}) {
      CAPTURE(distance, start);
      TimerWheel wheel(start);
      Timer timer;
      timer.due = start + distance;
      wheel.add(timer);
      CHECK(wheel.next() == first_time(timer.due));
      CHECK(take_all(wheel, first_time(timer.due) - 1).empty());
      CHECK(take_all(wheel, first_time(timer.due)) == std::vector<Timer*>{&timer});
      CHECK(wheel.is_empty());
      CHECK(wheel.next() == kNeverNs);
    }
  }
}

TEST_CASE("a timer that is due already is taken at once") {
  TimerWheel wheel(1'000'000'000);
  Timer timer;
  timer.due = 5;
  wheel.add(timer);
  CHECK(wheel.next() <= 1'000'000'000);
  CHECK(take_all(wheel, 1'000'000'000) == std::vector<Timer*>{&timer});
}

TEST_CASE("a timer that is never due stays, and can be removed") {
  TimerWheel wheel(0);
  Timer timer;
  timer.due = kNeverNs;
  wheel.add(timer);
  CHECK(take_all(wheel, kNeverNs / 2).empty());
  CHECK(wheel.count() == 1);
  wheel.remove(timer);
  CHECK(wheel.next() == kNeverNs);
}

TEST_CASE("a slot whose last timer is removed is no reason to look") {
  TimerWheel wheel(0);
  Timer near;
  near.due = 10 * kTick;
  Timer far;
  far.due = 1000 * kTick;
  Timer beside_far;
  beside_far.due = 1001 * kTick;
  for (Timer* timer : {&near, &far, &beside_far}) wheel.add(*timer);
  wheel.remove(near);
  CHECK(wheel.next() == far.due);
  wheel.remove(far);
  CHECK(wheel.next() == beside_far.due);
  wheel.remove(beside_far);
  CHECK(wheel.next() == kNeverNs);
}

TEST_CASE("no call takes or moves more timers than it is told, and none is forgotten in between") {
  constexpr std::size_t kTimers = 1000;
  constexpr TimeNs kFar = TimeNs{300} * 256 * kTick;  // all in one slot of level 2, to be moved down twice
  const auto timers = std::make_unique<Timer[]>(kTimers);
  TimerWheel wheel(0);
  for (std::size_t i = 0; i < kTimers; ++i) {
    timers[i].due = kFar + static_cast<TimeNs>(i) * 20 * kTick;
    wheel.add(timers[i]);
  }
  std::size_t taken = 0;
  TimeNs latest = 0;
  int calls = 0;
  for (TimeNs now = wheel.next(); now != kNeverNs; now = std::max(now, wheel.next()), ++calls) {
    if (wheel.is_empty()) break;
    for (const Timer* timer : as_vector(wheel.take_due(now, 7))) {
      CHECK(timer->due <= now);
      CHECK(timer->due >= latest);
      latest = timer->due;
      ++taken;
    }
  }
  CHECK(taken == kTimers);
  CHECK(calls >= static_cast<int>(kTimers / 7));
}

TEST_CASE("timers that are added while a slot is moved down are taken in their turn") {
  TimerWheel wheel(0);
  std::vector<Timer> many(100);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].due = (512 + static_cast<TimeNs>(i)) * kTick;
    wheel.add(many[i]);
  }
  CHECK(wheel.take_due(512 * kTick, 10) == nullptr);  // ten of the slot are one level below
  Timer sooner;
  sooner.due = 513 * kTick - 1;
  wheel.add(sooner);
  CHECK(wheel.next() <= 512 * kTick);
  CHECK(take_all(wheel, 512 * kTick) == std::vector<Timer*>{&many[0]});
  const std::vector<Timer*> then = take_all(wheel, 513 * kTick);
  CHECK(then.size() == 2);
  CHECK(std::count(then.begin(), then.end(), &sooner) == 1);
}

TEST_CASE("what a wheel takes is what a sorted list would have, at the same times") {
  weft_test::SeededRandom random;
  struct Entry {
    Timer timer;
    bool is_in = false;
  };
  std::vector<Entry> entries(500);
  std::multimap<TimeNs, Timer*> sorted;
  TimeNs now = static_cast<TimeNs>(random() % 1'000'000'000'000);
  TimerWheel wheel(now);
  const auto forget = [&](Timer& timer) {
    for (auto [at, end] = sorted.equal_range(first_time(timer.due)); at != end; ++at) {
      if (at->second == &timer) return static_cast<void>(sorted.erase(at));
    }
    FAIL("a timer was taken that was not there");
  };
  for (int step = 0; step < 20'000; ++step) {
    Entry& entry = entries[random() % entries.size()];
    if (entry.is_in) {
      wheel.remove(entry.timer);
      forget(entry.timer);
      entry.is_in = false;
    } else {
      const unsigned bits = random() % 45;  // times of every magnitude
      entry.timer = Timer{};
      entry.timer.due = now + static_cast<TimeNs>(random() & ((std::uint64_t{1} << bits) - 1)) - static_cast<TimeNs>(random() % 3);
      if (entry.timer.due < now) entry.timer.due = now;
      wheel.add(entry.timer);
      sorted.emplace(first_time(entry.timer.due), &entry.timer);
      entry.is_in = true;
    }
    REQUIRE(wheel.count() == sorted.size());
    if (random() % 4 != 0) continue;
    if (!sorted.empty()) REQUIRE(wheel.next() <= std::max(sorted.begin()->first, now + kTick));
    now += random() % 8 == 0 ? static_cast<TimeNs>(random() % 100'000'000'000) : static_cast<TimeNs>(random() % 1'000'000);
    for (Timer* timer : take_all(wheel, now)) {
      REQUIRE(first_time(timer->due) <= now + kTick);
      forget(*timer);
      entries[static_cast<std::size_t>(reinterpret_cast<Entry*>(timer) - entries.data())].is_in = false;
    }
    // Whoever is due by a whole tick has been taken.
    if (!sorted.empty()) REQUIRE(sorted.begin()->first > now - kTick);
  }
}
