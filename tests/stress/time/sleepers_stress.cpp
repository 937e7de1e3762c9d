// Many tasks that sleep at the same time, some of which are stopped in their sleep: each wakes once, and none before its time.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

using namespace std::chrono_literals;
using weft::OperationCancelled;
using weft::Task;
using weft_test::kSanitized;
using weft_test::options;
using weft_test::SeededRandom;
using weft_test::Watchdog;
using Clock = std::chrono::steady_clock;

namespace {

/// What one has to do, and what has become of it; nobody else writes the latter.
struct Sleeper {
  // Twice: what wakes it twice from its first sleep would wake it from the second, before its time.
  std::array<Clock::time_point, 2> until;
  int woken = 0;
  int early = 0;
  int stopped = 0;
};

/// How many sleep now, and how many have at most.
class Asleep {
 public:
  explicit Asleep(Watchdog& watchdog) : watchdog_(watchdog) {}

  void falls() {
    const long now = now_.fetch_add(1) + 1;
    long most = most_.load();
    while (most < now && !most_.compare_exchange_weak(most, now)) {
    }
  }
  void wakes() {
    now_.fetch_sub(1);
    watchdog_.progress();
  }
  [[nodiscard]] long now() const { return now_.load(); }
  [[nodiscard]] long most() const { return most_.load(); }

 private:
  Watchdog& watchdog_;
  std::atomic<long> now_{0};
  std::atomic<long> most_{0};
};

Task<> sleeps(Sleeper& self, Asleep& asleep) {
  for (const Clock::time_point until : self.until) {
    asleep.falls();
    try {
      co_await weft::sleep_until(until);
    } catch (const OperationCancelled&) {
      ++self.stopped;
      asleep.wakes();
      throw;
    }
    if (Clock::now() < until) ++self.early;
    ++self.woken;
    asleep.wakes();
  }
}

/// Has them sleep, and asks them to stop at a time.
Task<> sleep_until_stopped(std::span<Sleeper> sleepers, Clock::time_point at, Asleep& asleep) {
  const auto body = [&](weft::TaskGroup& group) -> Task<> {
    for (Sleeper& sleeper : sleepers) group.spawn(sleeps(sleeper, asleep));
    co_await weft::sleep_until(at);
    group.request_stop();
  };
  try {
    co_await weft::with_task_group(body);
  } catch (const OperationCancelled&) {
  }
}

struct Plan {
  std::vector<Sleeper> undisturbed;
  std::vector<Sleeper> racing;    // whose time may come before they are stopped, or at the same moment
  std::vector<Sleeper> for_ever;  // but that they are stopped
  std::vector<Clock::time_point> stops;
};

/// @param count  of sleepers, a quarter of whom are asked to stop
Plan make_plan(SeededRandom& random, std::size_t count) {
  constexpr std::size_t kGroups = 8;
  Plan plan;
  plan.racing.resize(count / 8);
  plan.for_ever.resize(count / 8);
  plan.undisturbed.resize(count - plan.racing.size() - plan.for_ever.size());
  // So that nearly all are asleep before the first wakes.
  const Clock::time_point first = Clock::now() + 20ms + count * 2us;
  const std::chrono::nanoseconds span = 20ms + count * 2us;
  const auto some_time = [&] { return first + std::chrono::nanoseconds(random.below(static_cast<std::uint64_t>(span.count()))); };
  for (auto* const sleepers : {&plan.undisturbed, &plan.racing}) {
    for (Sleeper& sleeper : *sleepers) {
      const Clock::time_point until = some_time();
      sleeper.until = {until, until + std::chrono::nanoseconds(random.below(20'000'000))};
    }
  }
  for (Sleeper& sleeper : plan.for_ever) sleeper.until.fill(random.one_in(2) ? Clock::time_point::max() : first + 24h);
  for (std::size_t i = 0; i < kGroups; ++i) plan.stops.push_back(some_time());
  return plan;
}

/// Of `count` equal parts that number `at`.
std::span<Sleeper> part_of(std::vector<Sleeper>& all, std::size_t at, std::size_t count) {
  const std::size_t begin = all.size() * at / count;
  return std::span(all).subspan(begin, all.size() * (at + 1) / count - begin);
}

void run(Plan& plan, unsigned workers, Asleep& asleep) {
  weft::Runtime rt{{.workers = workers}};
  weft::Counter ended;
  const std::size_t groups = plan.stops.size();
  for (std::size_t i = 0; i < groups; ++i) {
    rt.spawn(sleep_until_stopped(part_of(plan.for_ever, i, groups), plan.stops[i], asleep), ended);
    rt.spawn(sleep_until_stopped(part_of(plan.racing, i, groups), plan.stops[i], asleep), ended);
  }
  for (Sleeper& sleeper : plan.undisturbed) rt.spawn(sleeps(sleeper, asleep), ended);
  ended.wait();
}

}  // namespace

TEST_CASE("each of many sleepers wakes once, none before its time, and those that are stopped end by that") {
  const unsigned workers = GENERATE(1U, 2U);
  const std::size_t count = !options().is_long ? 20'000 : kSanitized ? 100'000 : 1'000'000;
  SeededRandom random(workers);
  Watchdog watchdog("many sleepers", 60s);
  Asleep asleep(watchdog);
  Plan plan = make_plan(random, count);
  run(plan, workers, asleep);
  if (options().is_long) std::fprintf(stderr, "%u workers: %ld of %zu slept at the same time\n", workers, asleep.most(), count);
  std::size_t wrong = 0;
  std::size_t early = 0;
  for (const Sleeper& sleeper : plan.undisturbed) wrong += sleeper.woken == 2 && sleeper.stopped == 0 ? 0 : 1;
  // The sleep in which they are stopped is their last.
  for (const Sleeper& sleeper : plan.racing) {
    const bool has_slept = sleeper.woken == 2 && sleeper.stopped == 0;
    const bool is_stopped = sleeper.woken < 2 && sleeper.stopped == 1;
    wrong += has_slept || is_stopped ? 0 : 1;
  }
  for (const Sleeper& sleeper : plan.for_ever) wrong += sleeper.woken == 0 && sleeper.stopped == 1 ? 0 : 1;
  for (const auto* const sleepers : {&plan.undisturbed, &plan.racing, &plan.for_ever}) {
    for (const Sleeper& sleeper : *sleepers) early += static_cast<std::size_t>(sleeper.early);
  }
  CHECK(wrong == 0);
  CHECK(early == 0);
  CHECK(asleep.now() == 0);
}

TEST_CASE("a runtime that is cancelled while many sleep, and others are still falling asleep, ends each of them once") {
  const unsigned workers = GENERATE(1U, 2U);
  const std::size_t count = !options().is_long ? 20'000 : kSanitized ? 100'000 : 1'000'000;
  Watchdog watchdog("many cancelled sleepers", 60s);
  Asleep asleep(watchdog);
  std::vector<Sleeper> sleepers(count);
  for (Sleeper& sleeper : sleepers) sleeper.until.fill(Clock::time_point::max());
  weft::Runtime rt{{.workers = workers}};
  weft::Counter ended;
  for (Sleeper& sleeper : sleepers) rt.spawn(sleeps(sleeper, asleep), ended);
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK_THROWS_AS(ended.wait(), OperationCancelled);
  std::size_t wrong = 0;
  for (const Sleeper& sleeper : sleepers) wrong += sleeper.woken == 0 && sleeper.stopped == 1 ? 0 : 1;
  CHECK(wrong == 0);
}
