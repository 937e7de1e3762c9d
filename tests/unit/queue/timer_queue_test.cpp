#include <catch2/catch.hpp>

#include "queue/timer_queue.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "support/seeded_random.hpp"

using weft::kNeverNs;
using weft::TimeNs;
using weft::Timer;
using weft::TimerQueue;

namespace {

/// Counts how often it was fired.
struct CountedTimer : Timer {
  CountedTimer() {
    fire = [](Timer* timer) noexcept { static_cast<CountedTimer*>(timer)->fired.fetch_add(1); };
  }
  std::atomic<int> fired{0};
};

}  // namespace

TEST_CASE("a queue has no time to look at before a timer is armed, and after the last has fired") {
  TimerQueue queue;
  CHECK(queue.next_hint() == kNeverNs);
  CHECK(queue.next() == kNeverNs);
  CHECK_FALSE(queue.fire_due(1'000'000));
  CountedTimer timer;
  timer.due = 1'000'000;
  CHECK(queue.arm(timer, 0) == TimerQueue::Armed::First);
  CHECK(queue.next_hint() >= timer.due);
  CHECK(queue.next_hint() == queue.next());
  CHECK_FALSE(queue.fire_due(queue.next() - 1));
  CHECK(queue.fire_due(queue.next()));
  CHECK(timer.fired == 1);
  CHECK(queue.next_hint() == kNeverNs);
  CountedTimer another;
  another.due = 2'000'000;
  CHECK(queue.arm(another, 1'500'000) == TimerQueue::Armed::First);
  CountedTimer later, sooner;
  later.due = 2'600'000;
  sooner.due = 1'600'000;
  CHECK(queue.arm(later, 1'500'000) == TimerQueue::Armed::Yes);
  CHECK(queue.arm(sooner, 1'500'000) == TimerQueue::Armed::First);
  const TimeNs soonest = queue.next_hint();
  CHECK(queue.cancel(another));
  CHECK(queue.next_hint() == soonest);
  CHECK(queue.cancel(sooner));
  CHECK(queue.next_hint() > soonest);  // what is cancelled is nothing to look for
  CHECK(queue.cancel(later));
  CHECK(queue.next_hint() == kNeverNs);
}

TEST_CASE("a timer that is cancelled does not fire, and one that has fired cannot be cancelled") {
  TimerQueue queue;
  CountedTimer cancelled;
  CountedTimer kept;
  cancelled.due = kept.due = 100;
  static_cast<void>(queue.arm(cancelled, 0));
  static_cast<void>(queue.arm(kept, 0));
  CHECK(queue.cancel(cancelled));
  CHECK_FALSE(queue.cancel(cancelled));
  CHECK(queue.fire_due(1'000'000));
  CHECK(cancelled.fired == 0);
  CHECK(kept.fired == 1);
  CHECK_FALSE(queue.cancel(kept));
}

TEST_CASE("a timer that was cancelled before it was armed is refused") {
  TimerQueue queue;
  CountedTimer timer;
  timer.due = 100;
  CHECK_FALSE(queue.cancel(timer));
  CHECK(queue.arm(timer, 0) == TimerQueue::Armed::No);
  CHECK_FALSE(queue.fire_due(1'000'000));
}

TEST_CASE("of all timers those are cancelled that end with the domain, wherever they are, and later ones are refused") {
  TimerQueue queue;
  queue.cancel_all();  // there is nothing
  std::vector<CountedTimer> timers(400);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].due = TimeNs{1} << (i % 50 + 10);
    timers[i].ends_with_domain = i % 4 != 0;
    static_cast<void>(queue.arm(timers[i], 0));
  }
  queue.cancel_all();
  for (std::size_t i = 0; i < timers.size(); ++i) {
    REQUIRE(timers[i].fired == (i % 4 != 0 ? 1 : 0));
    REQUIRE(timers[i].state == (i % 4 != 0 ? Timer::State::Cancelled : Timer::State::Armed));
  }
  CountedTimer late;
  late.due = 1000;
  CHECK(queue.arm(late, 0, [] { return true; }) == TimerQueue::Armed::No);
  CHECK(late.state == Timer::State::Cancelled);
  queue.fire_due(kNeverNs - 1);
  for (std::size_t i = 0; i < timers.size(); ++i) REQUIRE(timers[i].fired == 1);
}

TEST_CASE("timers fire in the order of their times, or the last of a few first") {
  static std::vector<TimeNs> order;
  order.clear();
  struct Noted : Timer {
    Noted() {
      fire = [](Timer* timer) noexcept { order.push_back(timer->due); };
    }
  };
  std::vector<Noted> timers(8);
  const auto arm_all = [&timers](TimerQueue& queue) {
    for (std::size_t i = 0; i < timers.size(); ++i) {
      timers[i] = Noted();
      timers[i].due = static_cast<TimeNs>((i * 5 % 8 + 1) * 1'000'000);
      static_cast<void>(queue.arm(timers[i], 0));
    }
  };
  TimerQueue queue;
  arm_all(queue);
  CHECK(queue.fire_due(10'000'000));
  CHECK(order.size() == timers.size());
  CHECK(std::is_sorted(order.begin(), order.end()));
  order.clear();
  TimerQueue another;
  arm_all(another);
  CHECK(another.fire_some(4'100'000));
  CHECK(order == std::vector<TimeNs>{1'000'000, 2'000'000, 3'000'000, 4'000'000});
  CHECK(another.fire_due(10'000'000));
}

TEST_CASE("a timer may free itself when it fires, and arm another") {
  static TimerQueue queue;
  static int fired;
  fired = 0;
  struct Again : Timer {
    explicit Again(TimeNs at) {
      due = at;
      fire = [](Timer* timer) noexcept {
        const std::unique_ptr<Again> self(static_cast<Again*>(timer));
        if (++fired == 10) return;
        static_cast<void>(queue.arm(*new Again(self->due + 1'000'000), self->due));
      };
    }
  };
  static_cast<void>(queue.arm(*new Again(1'000'000), 0));
  while (queue.next() != kNeverNs) queue.fire_due(queue.next());
  CHECK(fired == 10);
}

TEST_CASE("of firing and cancelling at once, by several threads, each timer sees exactly one") {
  constexpr int kTimers = 20'000;
  TimerQueue queue;
  weft_test::SeededRandom random;
  std::vector<CountedTimer> timers(kTimers);
  std::vector<int> cancelled(kTimers);
  for (CountedTimer& timer : timers) {
    timer.due = static_cast<TimeNs>(random() % 1'000'000'000);
    static_cast<void>(queue.arm(timer, 0));
  }
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = kTimers - 1; i >= 0; --i) cancelled[static_cast<std::size_t>(i)] += queue.cancel(timers[static_cast<std::size_t>(i)]);
  });
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (TimeNs now = 0; now <= 1'000'100'000; now += 100'000) queue.fire_due(now);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < timers.size(); ++i) REQUIRE(timers[i].fired + cancelled[i] == 1);
  CHECK(queue.next() == kNeverNs);
}

TEST_CASE("timers of an exact queue fire to the nanosecond, one time after the other, and those of one time as they were armed") {
  constexpr TimeNs kLast = 50;
  static std::vector<int> order;
  order.clear();
  struct Numbered : Timer {
    Numbered() {
      fire = [](Timer* timer) noexcept { order.push_back(static_cast<Numbered*>(timer)->number); };
    }
    int number = 0;
  };
  weft_test::SeededRandom random;
  TimerQueue queue;
  queue.be_exact();
  CHECK(queue.next() == kNeverNs);
  CHECK_FALSE(queue.fire_due(kLast));
  std::vector<Numbered> timers(400);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].number = static_cast<int>(i);
    timers[i].due = static_cast<TimeNs>(random.below(kLast));
    const TimeNs first = queue.next_hint();
    CHECK(queue.arm(timers[i], 0) == (timers[i].due < first ? TimerQueue::Armed::First : TimerQueue::Armed::Yes));
  }
  std::vector<int> expected;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    if (i % 5 == 0) {
      CHECK(queue.cancel(timers[i]));
    } else {
      expected.push_back(static_cast<int>(i));
    }
  }
  std::stable_sort(expected.begin(), expected.end(), [&timers](int a, int b) {
    return timers[static_cast<std::size_t>(a)].due < timers[static_cast<std::size_t>(b)].due;
  });
  while (queue.next() != kNeverNs) {
    const TimeNs first = queue.next();
    CHECK_FALSE(queue.fire_due(first - 1));
    CHECK(queue.fire_some(kLast));
    CHECK(timers[static_cast<std::size_t>(order.back())].due == first);
    CHECK(queue.next() > first);
  }
  CHECK(order == expected);
}

TEST_CASE("of an exact queue, too, those are cancelled that end with the domain") {
  TimerQueue queue;
  queue.be_exact();
  queue.cancel_all();  // there is nothing
  std::vector<CountedTimer> timers(40);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].due = static_cast<TimeNs>(i);
    timers[i].ends_with_domain = i % 4 != 1;
    static_cast<void>(queue.arm(timers[i], 0));
  }
  queue.cancel_all();
  CHECK(queue.next_hint() == 1);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    REQUIRE(timers[i].fired == (i % 4 != 1 ? 1 : 0));
    REQUIRE(timers[i].state == (i % 4 != 1 ? Timer::State::Cancelled : Timer::State::Armed));
  }
  CountedTimer late;
  late.due = 1000;
  CHECK(queue.arm(late, 0, [] { return true; }) == TimerQueue::Armed::No);
  CHECK(queue.fire_due(kNeverNs - 1));
  for (std::size_t i = 0; i < timers.size(); ++i) REQUIRE(timers[i].fired == 1);
}
