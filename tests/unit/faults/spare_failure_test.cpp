// Threads cannot be created while workers are blocked: what waits is run later, or by those that there are.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "failing_threads.hpp"
#include "support/one_at_a_time.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <thread>

using weft::blocking;
using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::FailingThreads;
using namespace std::chrono_literals;

namespace {

/// Calls that block the workers of a runtime, until they are released.
class BlockedWorkers {
 public:
  static constexpr int kJobs = 50;  // that each worker leaves on its deque

  BlockedWorkers(Runtime& rt, unsigned workers) : all_inside_(workers) {
    for (unsigned i = 0; i < workers; ++i) rt.spawn(block(), calls_);
    all_inside_.wait();
  }
  BlockedWorkers(const BlockedWorkers&) = delete;
  BlockedWorkers& operator=(const BlockedWorkers&) = delete;

  /// What the workers have left on their deques, and how much of it has run.
  [[nodiscard]] Counter& left_behind() { return left_behind_; }
  [[nodiscard]] int run_so_far() const { return run_.load(); }

  /// Lets them go on. The sum of what the calls have returned.
  [[nodiscard]] int release() {
    gate_.count_down();
    calls_.wait();
    return sum_.load();
  }

 private:
  Task<> block() {
    for (int i = 0; i < kJobs; ++i) weft::spawn([this] { run_.fetch_add(1); }, left_behind_);
    sum_.fetch_add(co_await blocking([this] {
      all_inside_.count_down();
      gate_.wait();
      return 1;
    }));
  }

  std::latch all_inside_;
  std::latch gate_{1};
  std::atomic<int> run_{0}, sum_{0};
  Counter calls_, left_behind_;
};

/// Starts the only worker's thread and, by a marked call, the watcher: from then on only spare threads are still to be created.
void start_threads(Runtime& rt) {
  Counter counter;
  auto calls = []() -> Task<> { co_await blocking([] {}); };
  rt.spawn(calls(), counter);
  counter.wait();
}

void wait_for_refusals(const FailingThreads& failing, int count = 1) {
  while (failing.refused() < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("without a spare thread a blocking call ends as ever, what its worker was to do is done then, and the next call gets its spare") {
  Runtime rt{{.workers = 1, .report_blocking_after = 0ms}};
  start_threads(rt);
  {
    const FailingThreads failing(0);
    BlockedWorkers blocked(rt, 1);
    wait_for_refusals(failing);
    Counter from_outside;
    std::atomic<int> run{0};
    for (int i = 0; i < BlockedWorkers::kJobs; ++i) rt.spawn([&run] { run.fetch_add(1); }, from_outside);
    CHECK(blocked.run_so_far() == 0);
    CHECK(run.load() == 0);
    CHECK(blocked.release() == 1);
    blocked.left_behind().wait();
    from_outside.wait();
    CHECK(blocked.run_so_far() == BlockedWorkers::kJobs);
    CHECK(run.load() == BlockedWorkers::kJobs);
  }
  BlockedWorkers blocked(rt, 1);
  blocked.left_behind().wait();  // by the spare
  CHECK(blocked.run_so_far() == BlockedWorkers::kJobs);
  CHECK(blocked.release() == 1);
}

TEST_CASE("without a spare thread another try is made while the call lasts, and what waits is run as soon as there is one") {
  Runtime rt{{.workers = 1, .report_blocking_after = 0ms}};
  start_threads(rt);
  std::optional<FailingThreads> failing(0);
  BlockedWorkers blocked(rt, 1);
  wait_for_refusals(*failing, 3);
  CHECK(blocked.run_so_far() == 0);
  failing.reset();
  blocked.left_behind().wait();
  CHECK(blocked.run_so_far() == BlockedWorkers::kJobs);
  CHECK(blocked.release() == 1);
}

TEST_CASE("without a spare thread its jobs are run by the spare worker that has one") {
  constexpr unsigned kWorkers = 2;
  Runtime rt{{.workers = kWorkers, .report_blocking_after = 0ms}};
  Counter counter;
  std::latch all_here(kWorkers);
  for (unsigned i = 0; i < kWorkers; ++i) rt.spawn([&all_here] { all_here.arrive_and_wait(); }, counter);
  counter.wait();
  start_threads(rt);
  const FailingThreads failing(1);
  BlockedWorkers blocked(rt, kWorkers);
  std::latch is_busy(1);
  rt.spawn(
      [&] {
        is_busy.count_down();
        wait_for_refusals(failing);
      },
      counter);
  is_busy.wait();
  std::atomic<bool> has_run{false};
  rt.spawn([&has_run] { has_run.store(true); }, counter);  // which needs the second spare
  counter.wait();
  CHECK(has_run.load());
  blocked.left_behind().wait();
  CHECK(blocked.release() == kWorkers);
}

TEST_CASE("without a thread for the watcher a blocking call ends as ever, and the next one starts the watcher") {
  Runtime rt{{.workers = 1, .report_blocking_after = 0ms}};
  Counter counter;
  rt.spawn([] {}, counter);
  counter.wait();
  {
    const FailingThreads failing(0);
    BlockedWorkers blocked(rt, 1);
    CHECK(failing.refused() == 1);
    CHECK(blocked.run_so_far() == 0);
    CHECK(blocked.release() == 1);
    blocked.left_behind().wait();
    CHECK(blocked.run_so_far() == BlockedWorkers::kJobs);
  }
  BlockedWorkers blocked(rt, 1);
  blocked.left_behind().wait();
  CHECK(blocked.release() == 1);
}

TEST_CASE("without a spare thread nothing is allowed for it when the call has ended: one worker runs one job at a time") {
  Runtime rt{{.workers = 1, .report_blocking_after = 0ms}};
  start_threads(rt);
  {
    const FailingThreads failing(0);
    BlockedWorkers blocked(rt, 1);
    wait_for_refusals(failing);
    CHECK(blocked.release() == 1);
    blocked.left_behind().wait();
  }
  {
    BlockedWorkers blocked(rt, 1);  // so that there are two
    blocked.left_behind().wait();
    CHECK(blocked.release() == 1);
  }
  CHECK(weft_test::runs_one_at_a_time(rt));
}
