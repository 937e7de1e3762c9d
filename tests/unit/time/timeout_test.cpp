#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/manual_runtime.hpp"
#include "support/seeded_random.hpp"
#include "support/small_tasks.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using weft::completed_within;
using weft::OperationCancelled;
using weft::Runtime;
using weft::sleep_for;
using weft::Task;
using weft::timeout;
using weft::TimeoutError;
namespace this_task = weft::this_task;

namespace {

Task<int> value_after(std::chrono::nanoseconds span, int value) {
  co_await sleep_for(span);
  co_return value;
}

Task<> ends_after(std::chrono::nanoseconds span) { co_await sleep_for(span); }

/// Works until it is asked to stop, and has a result all the same.
Task<int> finishes_anyway(int value) {
  co_await weft_test::until_stopped();
  co_return value;
}

/// Looks whether it should stop, and at nothing else.
Task<> polls() {
  for (;;) co_await this_task::stop_point();
}

/// The same by a token, which learns of it only when it is asked to.
Task<> polls_token() {
  const std::stop_token token = co_await this_task::stop_token();
  while (!token.stop_requested()) std::this_thread::yield();
  throw OperationCancelled();
}

/// Waits for one short job after another.
Task<> runs_small_jobs() {
  const std::stop_token token = co_await this_task::stop_token();
  while (!token.stop_requested()) {
    weft::Counter done;
    weft::spawn([] {}, done);
    co_await done;
  }
  throw OperationCancelled();
}

}  // namespace

TEST_CASE("work that ends in its time gives its result") {
  Runtime rt({.workers = 2});
  rt.run([]() -> Task<> {
    const auto at_once = co_await timeout(weft_test::value_of(7), 24h);
    CHECK(at_once == 7);
    const auto later = co_await timeout(value_after(1ms, 8), 24h);
    CHECK(later == 8);
    const auto until = co_await timeout(value_after(1ms, 9), Clock::now() + 24h);
    CHECK(until == 9);
    const auto owned = co_await timeout(weft_test::own(10), 24h);
    CHECK(*owned == 10);
    co_await timeout(ends_after(1ms), 24h);
    int target = 11;
    auto& referred = co_await timeout(weft_test::refer_to(target), 24h);
    CHECK(&referred == &target);
    const auto maybe_at_once = co_await completed_within(weft_test::value_of(12), 24h);
    CHECK(maybe_at_once == 12);
    const auto maybe_until = co_await completed_within(value_after(1ms, 13), Clock::now() + 24h);
    CHECK(maybe_until == 13);
    const auto maybe_referred = co_await completed_within(weft_test::refer_to(target), 24h);
    CHECK(&maybe_referred->get() == &target);
    const auto has_ended = co_await completed_within(ends_after(1ms), 24h);
    CHECK(has_ended);
  });
}

TEST_CASE("work that does not end in its time is asked to stop, and that is an error or nothing") {
  weft_test::ManualRuntime on;
  const auto start = on.clock.now();
  const auto span = GENERATE(0us, 1us, 500us, 23h);
  on.rt.run([&]() -> Task<> {
    std::string said;
    try {
      co_await timeout(ends_after(24h), span);
    } catch (const TimeoutError& error) {
      said = error.what();
    }
    const std::string in_ms = std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count());
    CHECK_THAT(said, Catch::Contains("had not ended after " + in_ms + " ms"));
    CHECK(on.clock.now() == start + span);
    said.clear();
    try {
      co_await timeout(ends_after(24h), weft::now() + span);
    } catch (const TimeoutError& error) {
      said = error.what();
    }
    CHECK_THAT(said, Catch::Contains("had not ended after " + in_ms + " ms"));
    const auto value = co_await completed_within(value_after(24h, 1), span);
    CHECK_FALSE(value.has_value());
    const auto has_ended = co_await completed_within(ends_after(24h), span);
    CHECK_FALSE(has_ended);
    CHECK(on.clock.now() == start + 4 * span);
  });
}

TEST_CASE("a result that comes late is not thrown away") {
  Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    const auto late = co_await timeout(finishes_anyway(3), 200us);
    CHECK(late == 3);
    const auto at_once = co_await completed_within(finishes_anyway(4), 0s);
    CHECK(at_once == 4);
  });
}

TEST_CASE("an error of the work is that of the timeout, in time or not") {
  Runtime rt({.workers = 1});
  const auto fails_late = []() -> Task<> {
    co_await weft_test::until_stopped();
    throw std::runtime_error("late");
  };
  CHECK_THROWS_WITH(rt.run(timeout(weft_test::fails(), 24h)), "child");
  CHECK_THROWS_WITH(rt.run(timeout(fails_late(), 100us)), "late");
}

TEST_CASE("a stop from around a timeout is no timeout") {
  Runtime rt({.workers = 2});
  const auto limited = []() -> Task<bool> {
    try {
      co_await timeout(ends_after(24h), 24h);
    } catch (const OperationCancelled&) {
      co_return true;
    }
    co_return false;
  };
  auto handle = rt.spawn(limited());
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK(handle.wait());
}

TEST_CASE("a task that stops itself is not taken for one that was late") {
  Runtime rt({.workers = 1});
  const auto gives_up = []() -> Task<> {
    co_await weft::yield();
    throw OperationCancelled();
  };
  CHECK_THROWS_AS(rt.run(timeout(gives_up(), 24h)), OperationCancelled);
}

TEST_CASE("timeouts inside each other: the first to come ends what is in it") {
  weft_test::ManualRuntime on;
  const auto start = on.clock.now();
  on.rt.run([&]() -> Task<> {
    const auto inner_first = []() -> Task<int> {
      if (co_await completed_within(ends_after(24h), 1h)) co_return 1;
      co_return 2;
    };
    const auto inner = co_await completed_within(inner_first(), 1h + 1ns);
    CHECK(inner == 2);
    CHECK(on.clock.now() == start + 1h);
    const auto outer_first = []() -> Task<int> {
      if (co_await completed_within(ends_after(24h), 1h)) co_return 1;
      co_return 2;
    };
    const auto outer = co_await completed_within(outer_first(), 1h - 1ns);
    CHECK_FALSE(outer.has_value());
    CHECK(on.clock.now() == start + 2h - 1ns);
  });
}

TEST_CASE("what is in a timeout knows when its time ends, however deep it is") {
  using Deadline = std::optional<Clock::time_point>;
  Runtime rt({.workers = 2});
  const auto here = []() -> Task<Deadline> { co_return co_await this_task::deadline(); };
  const auto below = [&here]() -> Task<Deadline> {
    auto [first, second] = co_await weft::when_all(here(), here());
    CHECK(first == second);
    co_return first;
  };
  rt.run([&]() -> Task<> {
    const auto outside = co_await this_task::deadline();
    CHECK_FALSE(outside.has_value());
    const auto early = Clock::now() + 1h;
    const auto late = Clock::now() + 2h;
    const auto within = co_await timeout(below(), early);
    CHECK(within == Deadline(early));
    const auto inner_late = co_await timeout(timeout(below(), late), early);
    CHECK(inner_late == Deadline(early));
    const auto inner_early = co_await timeout(timeout(below(), early), late);
    CHECK(inner_early == Deadline(early));
    const auto afterwards = co_await below();
    CHECK_FALSE(afterwards.has_value());
  });
}

TEST_CASE("children of a group, and fibers that are awaited, have the time of whoever waits for them") {
  using Deadline = std::optional<Clock::time_point>;
  const auto early = Clock::now() + 1h;
  const auto late = Clock::now() + 2h;
  std::vector<Deadline> seen(5);
  const auto looks = [&seen](std::size_t at) -> Task<> { seen[at] = co_await this_task::deadline(); };
  const auto has_children = [&](weft::TaskGroup& group) -> Task<> {
    group.spawn(looks(0));
    group.spawn([&looks]() -> Task<> { co_await timeout(looks(1), 24h); });
    co_return;
  };
  const auto is_on_fiber = [&] {
    seen[2] = weft::this_fiber::deadline();
    weft::this_fiber::await(looks(3));
    weft::this_fiber::yield();
    weft::this_fiber::await(weft::with_task_group([&looks](weft::TaskGroup& group) -> Task<> {
      group.spawn(looks(4));
      co_return;
    }));
  };
  const auto all = [&]() -> Task<> { co_await weft::when_all(weft::with_task_group(has_children), weft::on_fiber(is_on_fiber)); };
  Runtime rt({.workers = 2});
  rt.run(timeout(timeout(all(), late), early));
  CHECK(seen == std::vector<Deadline>(5, early));
}

TEST_CASE("what is spawned has no time, whoever spawns it, and a fiber in no timeout has none") {
  using Deadline = std::optional<Clock::time_point>;
  constexpr std::size_t kAll = 9;
  std::vector<Deadline> seen(kAll, Clock::now());
  std::vector<char> is_asked(kAll, 'x');
  weft::Counter done;
  const auto looks = [&](std::size_t at) -> Task<> {
    seen[at] = co_await this_task::deadline();
    const bool is_stopped = co_await this_task::stop_requested();
    is_asked[at] = is_stopped ? 'y' : 'n';
  };
  const auto looks_on_fiber = [&](std::size_t at) {
    seen[at] = weft::this_fiber::deadline();
    is_asked[at] = weft::this_fiber::stop_requested() ? 'y' : 'n';
  };
  const auto spawns = [&](std::size_t at) {
    weft::spawn(looks(at), done);
    weft::spawn([&looks, at]() -> Task<> { co_await looks(at + 1); }, done);
    weft::spawn_fiber([&looks_on_fiber, at] { looks_on_fiber(at + 2); }, done);
    weft::spawn_fiber([&looks, at] { weft::this_fiber::await(looks(at + 3)); }, done);
  };
  const auto task_spawns = [&]() -> Task<> {
    spawns(0);
    co_await done;
  };
  const auto fiber_spawns = [&] {
    spawns(4);
    weft::this_fiber::wait(done);
  };
  Runtime rt({.workers = 2});
  // The time of whoever spawns has come already. They wait for it, so that it would find their time if it looked.
  rt.run(completed_within(task_spawns(), 0s));
  rt.run(completed_within(weft::on_fiber(fiber_spawns), 0s));
  rt.run(weft::on_fiber([&] { looks_on_fiber(8); }));
  CHECK(seen == std::vector<Deadline>(kAll));
  CHECK(is_asked == std::vector<char>(kAll, 'n'));
}

TEST_CASE("work that ends as its time comes ends once, one way or the other") {
  constexpr int kRounds = 3'000;
  weft_test::SeededRandom random;
  Runtime rt({.workers = 2});
  int late = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto span = std::chrono::nanoseconds(random.below(100'000));
    const auto limit = std::chrono::nanoseconds(random.below(100'000));
    const std::optional<int> result = rt.run(completed_within(value_after(span, i), limit));
    if (result) {
      REQUIRE(*result == i);
    } else {
      ++late;
    }
  }
  CHECK(late > 0);
  CHECK(late < kRounds);
}

TEST_CASE("a task that is gone is refused, and no timer is left behind") {
  Runtime rt({.workers = 1});
  rt.run([]() -> Task<> {
    Task<> work = ends_after(1ms);
    const Task<> moved = std::move(work);
    bool is_refused = false;
    try {
      co_await timeout(std::move(work), 1ms);  // NOLINT(bugprone-use-after-move)
    } catch (const weft::UsageError&) {
      is_refused = true;
    }
    CHECK(is_refused);
    co_await sleep_for(3ms);
  });
}

TEST_CASE("who looks whether it should stop sees that its time has come, also where nobody else can tell it") {
  CHECK_THROWS_AS(weft::sync_wait(timeout(polls(), 500us)), TimeoutError);
  Runtime rt({.workers = 1});
  CHECK_THROWS_AS(rt.run(timeout(polls(), 500us)), TimeoutError);
}

TEST_CASE("a stop callback runs on a worker that is idle, and not on whoever has looked at the clock for another") {
  constexpr int kMostRounds = 300;
  Runtime rt({.workers = 2});
  bool has_run_on_worker = false;
  // The watcher looks where the limit's worker is the one with the job that lasts. Whoever is idle takes the request then; but a worker that has just
  // lost its processor counts as busy, and is asked by nobody.
  for (int i = 0; i < kMostRounds && !has_run_on_worker; ++i) {
    std::atomic<bool> has_stopped{false};
    std::atomic<unsigned> limited_on{0}, lasts_on{0};
    bool is_on_worker = false;
    const auto waits = [&]() -> Task<> {
      limited_on = weft::current_worker()->index;
      weft::Event stopped;
      {
        const std::stop_callback callback(co_await this_task::stop_token(), [&] {
          is_on_worker = weft::current_worker() != nullptr;
          stopped.set();
        });
        co_await stopped;
      }
      has_stopped.store(true);
      throw OperationCancelled();
    };
    const auto limited = [&waits]() -> Task<> { static_cast<void>(co_await completed_within(waits(), 300us)); };
    const auto lasts = [&]() -> Task<> {
      lasts_on = weft::current_worker()->index;
      while (!has_stopped.load()) std::this_thread::yield();
      co_return;
    };
    rt.run([&]() -> Task<> { co_await weft::when_all(limited(), lasts()); });
    has_run_on_worker = is_on_worker && limited_on == lasts_on;
  }
  CHECK(has_run_on_worker);
}

// If one of these waited for the watcher's own time, two seconds, the whole would take longer than a test may.
TEST_CASE("a timeout inside run comes in time beside a far timer, whatever runs in it") {
  constexpr int kRounds = 60;
  Runtime rt({.workers = 1, .report_blocking_after = std::chrono::milliseconds(GENERATE(0, 100))});
  rt.spawn_detached(ends_after(24h));
  for (int i = 0; i < kRounds; ++i) {
    REQUIRE_FALSE(rt.run(completed_within(polls_token(), 300us)));
    REQUIRE_FALSE(rt.run(completed_within(runs_small_jobs(), 300us)));
  }
  rt.shutdown(weft::Shutdown::Cancel);
}

TEST_CASE("a timeout works inside sync_wait and on a fiber") {
  CHECK_THROWS_AS(weft::sync_wait(timeout(ends_after(24h), 200us)), TimeoutError);
  Runtime rt({.workers = 1});
  weft::Counter counter;
  rt.spawn_fiber([] { CHECK_FALSE(weft::this_fiber::await(completed_within(ends_after(24h), 200us))); }, counter);
  counter.wait();
}
