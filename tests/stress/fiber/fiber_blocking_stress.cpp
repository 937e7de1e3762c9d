// Calls that block, at random, in coroutines, fibers and plain jobs, with few spare workers: each job runs once, and not too many at a time.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/describe_workers.hpp"
#include "support/many.hpp"
#include "support/pipe.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <thread>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::Pipe;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
namespace this_fiber = weft::this_fiber;

namespace {

/// Jobs that run now, outside their blocking calls.
class Running {
 public:
  int begin() {
    const int now = count_.fetch_add(1) + 1;
    int most = most_.load();
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
    return now;
  }
  void end() { count_.fetch_sub(1); }
  [[nodiscard]] int most() const { return most_.load(); }

 private:
  std::atomic<int> count_{0}, most_{0};
};

/// What the jobs of one round share.
struct Round {
  explicit Round(std::size_t jobs) : runs(jobs) {}

  Running running;
  Pipe pipe;
  std::atomic<long> to_release{0};
  std::deque<std::atomic<int>> runs;
  Counter done;

  /// Blocks, marked already, until the releasing thread comes round.
  void block() {
    to_release.fetch_add(1);
    pipe.block();
  }
  void call_briefly() {
    for (int i = 0; i < 20; ++i) static_cast<void>(to_release.load());
  }
  /// What a job does between its calls.
  void compute() {
    running.begin();
    call_briefly();
    running.end();
  }
};

/// What a job does, drawn from the seed.
struct Habits {
  std::uint64_t calls;
  std::uint64_t shape;

  explicit Habits(SeededRandom& random) : calls(random.below(3)), shape(random()) {}
  [[nodiscard]] bool blocks(std::uint64_t call) const { return (shape >> call) % 3 == 0; }
  [[nodiscard]] bool yields(std::uint64_t call) const { return (shape >> (8 + call)) % 2 == 0; }
};

Task<> in_coroutine(Round& round, std::size_t number, Habits habits) {
  for (std::uint64_t call = 0; call < habits.calls; ++call) {
    round.compute();
    if (habits.blocks(call)) {
      co_await weft::blocking([&round] { round.block(); });
    } else {
      co_await weft::blocking([&round] { round.call_briefly(); });
    }
    if (habits.yields(call)) co_await weft::yield();
  }
  round.runs[number].fetch_add(1);
}

void on_fiber(Round& round, std::size_t number, Habits habits) {
  for (std::uint64_t call = 0; call < habits.calls; ++call) {
    round.compute();
    if (habits.blocks(call)) {
      this_fiber::blocking([&round] { round.block(); });
    } else {
      this_fiber::blocking([&round] { round.call_briefly(); });
    }
    if (habits.yields(call)) this_fiber::yield();
  }
  round.runs[number].fetch_add(1);
}

void in_job(Round& round, std::size_t number, Habits habits) {
  for (std::uint64_t call = 0; call < habits.calls; ++call) {
    round.compute();
    const weft::BlockingSection section;
    if (habits.blocks(call)) round.block();
  }
  round.runs[number].fetch_add(1);
}

}  // namespace

TEST_CASE("each job runs once though workers block at random, and no more at a time than workers and spare ones") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  const unsigned spares = GENERATE(0u, 1u, 3u);
  SeededRandom random(workers * 10 + spares);
  Runtime rt{{.workers = workers, .spare_workers = spares, .report_blocking_after = std::chrono::milliseconds(0)}};
  Watchdog watchdog("calls that block", std::chrono::seconds(60), [&rt] { return weft_test::describe_workers(rt); });
  long calls = 0;
  const StressClock clock;
  while (!clock.is_over()) {
    const std::size_t jobs = 1 + random.below(300);
    Round round(jobs);
    std::atomic<bool> is_over{false};
    std::thread releases([&round, &is_over, &calls, pauses = SeededRandom(random())]() mutable {
      while (!is_over.load() || round.to_release.load() != 0) {
        if (round.to_release.load() == 0) {
          std::this_thread::yield();
          continue;
        }
        // Sometimes it takes so long that others run in the place of who is blocked.
        if (pauses.one_in(20)) {
          const auto begin = std::chrono::steady_clock::now();
          while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(3)) std::this_thread::yield();
        }
        round.to_release.fetch_sub(1);
        round.pipe.release();
        ++calls;
      }
    });
    for (std::size_t i = 0; i < jobs; ++i) {
      const Habits habits(random);
      switch (random.below(3)) {
        case 0: rt.spawn(in_coroutine(round, i, habits), round.done); break;
        case 1: rt.spawn_fiber([&round, i, habits] { on_fiber(round, i, habits); }, round.done); break;
        default: rt.spawn([&round, i, habits] { in_job(round, i, habits); }, round.done);
      }
    }
    round.done.wait();
    is_over.store(true);
    releases.join();
    for (const std::atomic<int>& runs : round.runs) REQUIRE(runs.load() == 1);
    REQUIRE(round.running.most() <= static_cast<int>(workers + spares));
    REQUIRE(rt.stats().workers.size() <= workers + spares);
    watchdog.progress();
  }
  std::fprintf(stderr, "%u workers, %u spare: %ld calls that blocked, %zu threads at most\n", workers, spares, calls, rt.stats().workers.size());
}

TEST_CASE("once nothing is blocked any more as many jobs run at once as there are workers, and no more") {
  constexpr unsigned kWorkers = 2;
  SeededRandom random(9);
  Runtime rt{{.workers = kWorkers, .spare_workers = 3, .report_blocking_after = std::chrono::milliseconds(0)}};
  Watchdog watchdog("spare workers rest", std::chrono::seconds(60), [&rt] { return weft_test::describe_workers(rt); });
  const StressClock clock;
  do {
    // Others run in the place of both workers: what they do keeps on, with no moment without work, when both come back.
    Round round(0);
    Counter blocked, flood;
    std::atomic<bool> stops{false};
    for (unsigned i = 0; i < kWorkers; ++i) {
      if (random.one_in(2)) {
        rt.spawn_fiber([&round] { this_fiber::blocking([&round] { round.block(); }); }, blocked);
      } else {
        rt.spawn(
            [&round] {
              const weft::BlockingSection section;
              round.block();
            },
            blocked);
      }
    }
    while (round.to_release.load() != kWorkers) std::this_thread::yield();
    Running running;
    std::atomic<long> turns{0}, calm{0};  // calm: turns in a row that found as many running as there are workers, or fewer
    const auto turn = [&] {
      if (running.begin() > static_cast<int>(kWorkers)) {
        calm.store(0);
      } else {
        calm.fetch_add(1);
      }
      std::this_thread::yield();  // so that the others of too many come to their turns meanwhile
      running.end();
      turns.fetch_add(1);
    };
    const auto coroutine = [&]() -> Task<> {
      while (!stops.load()) {
        turn();
        co_await weft::yield();
      }
    };
    for (unsigned i = 0; i < 4; ++i) {
      rt.spawn(coroutine(), flood);
      rt.spawn_fiber(
          [&] {
            while (!stops.load()) {
              turn();
              this_fiber::yield();
            }
          },
          flood);
    }
    while (turns.load() < 100) std::this_thread::yield();
    for (unsigned i = 0; i < kWorkers; ++i) round.pipe.release();
    blocked.wait();
    // A spare worker may be in the middle of one job, and then it rests.
    constexpr long kTurns = weft_test::kSanitized ? 1'000 : 5'000;
    calm.store(0);
    while (calm.load() < kTurns) std::this_thread::yield();
    stops.store(true);
    flood.wait();
    watchdog.progress();
  } while (!clock.is_over());
  CHECK(rt.stats().workers.size() <= kWorkers + 3);
}
