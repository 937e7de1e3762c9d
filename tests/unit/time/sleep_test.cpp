#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/manual_clock.hpp"
#include "support/manual_runtime.hpp"
#include "support/seeded_random.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <latch>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using weft::Counter;
using weft::Event;
using weft::OperationCancelled;
using weft::Runtime;
using weft::sleep_for;
using weft::sleep_until;
using weft::sync_wait;
using weft::Task;

namespace {

/// How the sleep has ended.
enum class Woken { InTime, Early, Stopped };

Task<Woken> nap(Clock::time_point until) {
  try {
    co_await sleep_until(until);
  } catch (const OperationCancelled&) {
    co_return Woken::Stopped;
  }
  co_return Clock::now() >= until ? Woken::InTime : Woken::Early;
}

Task<> note_nap(Clock::time_point until, std::atomic<int>& in_time) {
  const Woken woken = co_await nap(until);
  if (woken == Woken::InTime) in_time.fetch_add(1);
}

Task<> sleep_for_ever() { co_await sleep_until(Clock::time_point::max()); }

/// A coroutine that begins on the thread that calls it.
class OutsideTask {
 public:
  struct promise_type {
    OutsideTask get_return_object() { return OutsideTask(error); }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() {}
    void unhandled_exception() { *error = std::current_exception(); }
    std::shared_ptr<std::exception_ptr> error = std::make_shared<std::exception_ptr>();
  };
  [[nodiscard]] std::exception_ptr error() const { return *error_; }

 private:
  explicit OutsideTask(std::shared_ptr<std::exception_ptr> error) : error_(std::move(error)) {}
  std::shared_ptr<std::exception_ptr> error_;
};

}  // namespace

TEST_CASE("a sleep ends when its time has come, and not before") {
  Runtime rt({.workers = 2});
  const auto span = GENERATE(1ns, 1us, 33us, 1ms, 8400us, 20ms);
  CHECK(rt.run(nap(Clock::now() + span)) == Woken::InTime);
  CHECK(sync_wait(nap(Clock::now() + span)) == Woken::InTime);
}

TEST_CASE("a span may have any unit, and be a fraction") {
  weft_test::ManualRuntime on;
  on.rt.run([&on]() -> Task<> {
    const auto before = on.clock.now();
    co_await sleep_for(std::chrono::duration<double, std::milli>(1.5));
    CHECK(on.clock.now() == before + 1500us);
    co_await sleep_for(std::chrono::duration<int, std::ratio<1, 3>>(1));  // rounded up
    CHECK(on.clock.now() == before + 1500us + 333'333'334ns);
    co_await sleep_for(std::chrono::weeks(1));
    CHECK(on.clock.now() == before + 1500us + 333'333'334ns + 168h);
  });
}

TEST_CASE("a time that has come already does not suspend") {
  Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    std::atomic<bool> has_run{false};
    Counter other;
    weft::spawn([&has_run] { has_run.store(true); }, other);
    co_await sleep_for(0s);
    co_await sleep_for(-5s);
    co_await sleep_until(Clock::now() - 1h);
    co_await sleep_for(std::chrono::duration<double>(-std::numeric_limits<double>::infinity()));
    CHECK_FALSE(has_run.load());
    co_await other;
  });
}

TEST_CASE("many sleepers at once wake once each, and none early") {
  constexpr int kSleepers = 20'000;
  weft_test::SeededRandom random;
  Runtime rt({.workers = 2});
  std::atomic<int> in_time{0};
  rt.run([&]() -> Task<> {
    Counter all;
    for (int i = 0; i < kSleepers; ++i) {
      weft::spawn(note_nap(Clock::now() + std::chrono::nanoseconds(random.below(30'000'000)), in_time), all);
    }
    co_await all;
  });
  CHECK(in_time == kSleepers);
}

TEST_CASE("sleepers wake in the order of their times, also if all are due when their worker looks") {
  constexpr int kSleepers = 20;
  bool is_busy = false;
  std::vector<int> order;
  const auto all_sleep = [&]() -> Task<> {
    bool are_asleep = false;
    for (auto lead = 5ms; !are_asleep; lead *= 2) {
      order.clear();
      const auto first = Clock::now() + lead;
      const auto time_of = [first](int number) { return first + number * 100us; };
      const auto sleeper = [&](int number) -> Task<> {
        co_await sleep_until(time_of(number));
        order.push_back(number);
      };
      Counter all;
      for (int i = 0; i < kSleepers; ++i) weft::spawn(sleeper(i * 7 % kSleepers), all);
      co_await weft::yield();
      are_asleep = Clock::now() < first;  // else this thread did not have its processor
      while (is_busy && Clock::now() < time_of(kSleepers)) {
      }
      co_await all;
    }
  };
  SECTION("in sync_wait") { sync_wait(all_sleep()); }
  SECTION("in a stepped runtime") { Runtime({.is_stepped = true}).run(all_sleep()); }
  SECTION("of a busy worker in sync_wait") {
    is_busy = true;
    sync_wait(all_sleep());
  }
  SECTION("of a busy worker in a stepped runtime") {
    is_busy = true;
    Runtime({.is_stepped = true}).run(all_sleep());
  }
  CHECK(order.size() == kSleepers);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("sleepers that are due do not wait for all that was spawned meanwhile") {
  constexpr int kSleepers = 64;
  constexpr int kJobs = 10'000;
  int jobs = 0;
  int most_before = 0;
  Runtime rt({.is_stepped = true});
  rt.run([&]() -> Task<> {
    const auto time = Clock::now() + 1ms;
    const auto sleeper = [&]() -> Task<> {
      co_await sleep_until(time);
      most_before = std::max(most_before, jobs);
    };
    Counter all;
    for (int i = 0; i < kSleepers; ++i) weft::spawn(sleeper(), all);
    co_await weft::yield();
    while (Clock::now() < time + 1ms) {
    }
    for (int i = 0; i < kJobs; ++i) weft::spawn([&] { ++jobs; }, all);
    co_await all;
  });
  CHECK(jobs == kJobs);
  CHECK(most_before < 16 * kSleepers);
}

TEST_CASE("in sync_wait what another thread posts has its turn beside times that come without end") {
  constexpr int kSleepers = 500;
  constexpr int kMost = 2'000'000;
  std::atomic<int> woken{0};
  bool is_over = false;
  weft::Event event;
  std::thread poster([&] {
    while (woken < 2 * kSleepers) std::this_thread::yield();
    event.set();
  });
  const auto all_wait = [&]() -> Task<> {
    const auto sleeper = [&]() -> Task<> {
      while (!is_over && woken < kMost) {
        co_await sleep_for(1us);
        ++woken;
      }
    };
    const auto waiter = [&]() -> Task<> {
      co_await event;
      is_over = true;
    };
    Counter all;
    for (int i = 0; i < kSleepers; ++i) weft::spawn(sleeper(), all);
    weft::spawn(waiter(), all);
    co_await all;
  };
  sync_wait(all_wait());
  poster.join();
  CHECK(woken < kMost);
}

TEST_CASE("a sleep ends at once when its task is asked to stop") {
  Runtime rt({.workers = 2});
  SECTION("by the winner of when_any") {
    rt.run([]() -> Task<> {
      const auto first = co_await weft::when_any(nap(Clock::now() + 1ms), nap(Clock::now() + 24h));
      CHECK(first.index() == 0);
    });
  }
  SECTION("by the failure of a sibling") {
    const auto fail = []() -> Task<> {
      co_await sleep_for(1ms);
      throw std::runtime_error("sibling");
    };
    CHECK_THROWS_WITH(rt.run([&]() -> Task<> { co_await weft::when_all(sleep_for_ever(), fail()); }), "sibling");
  }
  SECTION("by the shutdown of the runtime") {
    auto sleeper = rt.spawn(nap(Clock::now() + 24h));
    auto for_ever = rt.spawn(sleep_for_ever());
    CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    CHECK(sleeper.wait() == Woken::Stopped);
    CHECK_THROWS_AS(for_ever.wait(), OperationCancelled);
  }
}

TEST_CASE("whoever falls asleep while the runtime stops is woken") {
  constexpr int kRounds = 100;
  weft_test::SeededRandom random;
  for (int i = 0; i < kRounds; ++i) {
    Runtime rt({.workers = 2});
    std::atomic<int> stopped{0};
    const auto sleeper = [&stopped](std::chrono::nanoseconds span) -> Task<> {
      if (co_await nap(Clock::now() + span) == Woken::Stopped) stopped.fetch_add(1);
    };
    const auto spawner = [&sleeper]() -> Task<> {
      for (int n = 0; n < 300; ++n) {
        weft::spawn_detached(sleeper(std::chrono::hours(n + 1)));
        weft::spawn_detached(sleeper(std::chrono::hours(1) + std::chrono::milliseconds(n)));
        if (n % 8 == 0) co_await weft::yield();
      }
    };
    rt.spawn_detached(spawner());
    for (std::uint64_t spins = random.below(20'000); spins != 0; --spins) stopped.load();
    REQUIRE(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    REQUIRE(stopped.load() == 600);
  }
}

TEST_CASE("a stop that comes while somebody falls asleep is seen, in the outermost scope and in others") {
  Runtime rt({.workers = 1});
  std::latch is_between(1), is_stopped(1);
  std::atomic<bool> has_ended{false};
  // The clock is looked at after the scope, and before the timer is armed.
  const std::function<void()> between = [&] {
    is_between.count_down();
    is_stopped.wait();
  };
  const auto sleeper = [&]() -> Task<> {
    weft_test::at_next_look_at_clock(between);
    has_ended = co_await nap(Clock::time_point::max()) == Woken::Stopped;
  };
  const bool has_own_scope = GENERATE(false, true);
  std::optional<weft::JoinHandle<void>> handle;
  if (has_own_scope) {
    handle.emplace(rt.spawn(sleeper()));
  } else {
    rt.spawn_detached(sleeper());
  }
  is_between.wait();
  CHECK(rt.shutdown(weft::Shutdown::Cancel, Clock::time_point::min()).remaining == 1);
  is_stopped.count_down();
  CHECK(rt.shutdown().is_complete());
  CHECK(has_ended);
  if (handle) handle->wait();
}

TEST_CASE("a sleep in a task that was asked to stop before ends at once") {
  Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    const auto loser = []() -> Task<Woken> {
      while (!co_await weft::this_task::stop_requested()) co_await weft::yield();
      co_return co_await nap(Clock::now() + 24h);
    };
    const auto winner = []() -> Task<> { co_return; };
    const auto first = co_await weft::when_any(winner(), loser());
    CHECK(first.index() == 0);
  });
}

TEST_CASE("of a stop and a time that come together, each sleeper sees one, once") {
  constexpr int kRounds = 2'000;
  weft_test::SeededRandom random;
  Runtime rt({.workers = 2});
  for (int i = 0; i < kRounds; ++i) {
    std::atomic<int> ended{0};
    const auto sleeper = [&ended](Clock::time_point until) -> Task<> {
      const Woken woken = co_await nap(until);
      if (woken != Woken::Early) ended.fetch_add(1);
    };
    const auto at = Clock::now() + std::chrono::nanoseconds(random.below(200'000));
    rt.run([&]() -> Task<> { static_cast<void>(co_await weft::when_any(sleeper(at), sleeper(at), sleeper(at))); });
    REQUIRE(ended == 3);
  }
}

TEST_CASE("a sleep on a thread that is no worker is refused") {
  const std::exception_ptr error = [](std::chrono::milliseconds span) -> OutsideTask { co_await sleep_for(span); }(1ms).error();
  REQUIRE(error);
  CHECK_THROWS_WITH(std::rethrow_exception(error), Catch::Contains("no worker") && Catch::Contains("sync_wait"));
  CHECK_THROWS_AS(std::rethrow_exception(error), weft::UsageError);
}

TEST_CASE("a coroutine of another library may be destroyed in its sleep") {
  struct Owned {
    struct promise_type {
      Owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      static std::suspend_never initial_suspend() noexcept { return {}; }
      static std::suspend_always final_suspend() noexcept { return {}; }
      static void return_void() {}
      [[noreturn]] static void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
  };
  const auto destroys = [](std::chrono::nanoseconds span, std::chrono::nanoseconds afterwards) -> Task<> {
    const auto sleeper = [](std::chrono::nanoseconds of) -> Owned { co_await sleep_for(of); };
    const Owned destroyed = sleeper(span);
    destroyed.handle.destroy();
    co_await sleep_for(afterwards);
  };
  Runtime rt({.workers = 1});
  rt.run(destroys(24h, 1ms));  // not so short that it might just be waking
  weft_test::ManualRuntime on;
  const auto start = on.clock.now();
  on.rt.run(destroys(1ms, 3ms));
  CHECK(on.clock.now() == start + 3ms);
}

TEST_CASE("a fiber sleeps without blocking its worker") {
  Runtime rt({.workers = 1});
  Counter counter;
  Event other_has_run;
  rt.spawn_fiber(
      [&] {
        const auto until = Clock::now() + 2ms;
        weft::this_fiber::await(sleep_until(until));
        CHECK(Clock::now() >= until);
        weft::this_fiber::await(other_has_run);
      },
      counter);
  rt.spawn([&] { other_has_run.set(); }, counter);
  counter.wait();
}

TEST_CASE("what a guest leaves asleep wakes in time, although nobody comes again") {
  Runtime rt({.workers = GENERATE(1U, 2U)});
  Event woken;
  const auto sleeper = [&woken]() -> Task<> {
    co_await sleep_for(2ms);
    woken.set();
  };
  for (int i = 0; i < 20; ++i) {
    woken.reset();
    rt.run([&] { weft::spawn_detached(sleeper()); });
    woken.wait();
  }
}

TEST_CASE("while a worker is in a job that lasts, another wakes its sleepers, also where nobody watches for blocked workers") {
  Runtime rt({.workers = 2, .report_blocking_after = std::chrono::milliseconds(GENERATE(0, 100))});
  for (int i = 0; i < 20; ++i) {
    std::atomic<bool> has_woken{false};
    const auto sleeper = [&has_woken]() -> Task<> {
      co_await sleep_for(500us);
      has_woken.store(true);
    };
    const auto lasts = [&has_woken]() -> Task<> {
      while (!has_woken.load()) std::this_thread::yield();
      co_return;
    };
    // The sleeper begins on the worker that goes on with the job.
    rt.run([&]() -> Task<> { co_await weft::when_all(sleeper(), lasts()); });
  }
}

TEST_CASE("a sleeper keeps its priority") {
  Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Counter done;
    const auto sleeper = []() -> Task<> {
      co_await sleep_for(200us);
      CHECK(weft::current_worker()->priority == weft::Priority::High);
    };
    weft::spawn(sleeper(), done, {.priority = weft::Priority::High});
    co_await done;
  });
}
