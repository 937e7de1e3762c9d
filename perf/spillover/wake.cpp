/// @file
/// How long a worker takes to begin a job when it is woken, all others being busy.
///
/// all-open  it sleeps, and may be woken: from when the job is added
/// tiered    its tier is closed, and the job waits: from the look of the watcher that opens the tier (TierChange::time)
///
/// wake          its thread sleeps; a busy worker adds the job, to its own queue
/// wake_outside  the same; a thread from outside does
/// wake_first    it never ran: its thread is started
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "spillover/pairs.hpp"
#include "spillover/runtimes.hpp"

namespace spillover {
namespace {

using namespace std::chrono_literals;

/// Who adds the job: a busy worker, to its own queue; or a thread from outside.
enum class By : std::uint8_t { Worker, Outside };

/// Of some wake-ups.
struct Wakes {
  double seconds = 0;  // median
  double p99 = 0;
  double since_told = 0;  // median, from when the watcher had opened the tier
  double since_posted = 0;  // median
};

struct Times {
  std::vector<double> woken, told, posted;
};

double in_seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Keeps so many workers busy, one of which spawns a job when it is told to.
class Blockers {
 public:
  Blockers(Runtime& runtime, unsigned count) : all_busy_(static_cast<std::ptrdiff_t>(count)) {
    for (unsigned i = 0; i < count; ++i) runtime->spawn([this, i] { block(i == 0); }, unfinished_);
    all_busy_.wait();
  }
  Blockers(const Blockers&) = delete;
  Blockers& operator=(const Blockers&) = delete;
  ~Blockers() {
    // relaxed: nothing is handed over.
    ends_.store(true, std::memory_order_relaxed);
    unfinished_.wait();
  }

  /// Returns when the job has run; gives when it was spawned.
  template <class Job>
  Clock::time_point spawn(Job job) {
    job_ = std::move(job);
    spawns_.store(true, std::memory_order_release);
    spawns_.wait(true, std::memory_order_acquire);
    return spawned_;
  }

 private:
  void block(bool is_first) {
    all_busy_.count_down();
    // relaxed: see the destructor.
    while (!ends_.load(std::memory_order_relaxed)) {
      if (!is_first || job_is_spawned_ || !spawns_.load(std::memory_order_acquire)) continue;
      job_is_spawned_ = true;
      spawned_ = Clock::now();
      weft::spawn(
          [this] {
            job_();
            spawns_.store(false, std::memory_order_release);
            spawns_.notify_one();
          },
          unfinished_);
    }
  }

  std::latch all_busy_;
  std::atomic<bool> ends_{false};
  std::atomic<bool> spawns_{false};
  std::function<void()> job_;
  bool job_is_spawned_ = false;  // by the first blocker only
  Clock::time_point spawned_;
  weft::Counter unfinished_;
};

/// Only a job that waits opens tiers, and it does at once.
const weft::TierOptions kTiers{.threshold = 1, .spill_delay = 0ns, .hysteresis = 2ms};

void wake_once(Runtime& runtime, Contender contender, By by, unsigned blockers, Times& times) {
  runtime.wait_until_closed();
  std::this_thread::sleep_for(2ms);  // who has been looking for work sleeps
  Blockers busy(runtime, blockers);
  std::this_thread::sleep_for(1ms);
  Clock::time_point begun;
  const auto job = [&begun] { begun = Clock::now(); };
  Clock::time_point posted;
  if (by == By::Worker && blockers != 0) {
    posted = busy.spawn(job);
  } else {
    weft::Counter unfinished;
    posted = Clock::now();
    runtime->spawn(job, unfinished);
    unfinished.wait();
  }
  times.posted.push_back(in_seconds(begun - posted));
  if (contender == Contender::AllOpen || tiers() == 1) {
    times.woken.push_back(in_seconds(begun - posted));
    return;
  }
  const Runtime::Change change = runtime.opened_all();
  times.woken.push_back(in_seconds(begun - change.is.time));
  times.told.push_back(in_seconds(begun - change.told));
}

Wakes summary(const Times& times) {
  Wakes wakes;
  wakes.seconds = median(times.woken);
  std::vector<double> sorted = times.woken;
  std::sort(sorted.begin(), sorted.end());
  wakes.p99 = sorted[(sorted.size() - 1) * 99 / 100];
  wakes.since_posted = median(times.posted);
  if (!times.told.empty()) wakes.since_told = median(times.told);
  return wakes;
}

/// Of the tiers before the last.
unsigned workers_before_last_tier() {
  const auto plan = weft::plan_pinning(machine(), weft::PinningStrategy::TieredSpillover, workers());
  return plan.tiers.back().first;
}

Wakes run_wakes(Contender contender, By by) {
  Runtime runtime(contender, kTiers);
  Times first, times;
  const unsigned blockers = workers_before_last_tier();
  wake_once(runtime, contender, by, blockers, first);  // the threads start
  for (int turn = 0; turn < perf::size(100, 3); ++turn) wake_once(runtime, contender, by, blockers, times);
  return summary(times);
}

Wakes run_first_wakes(Contender contender) {
  Times times;
  for (int turn = 0; turn < perf::size(30, 2); ++turn) {
    Runtime runtime(contender, kTiers);
    wake_once(runtime, contender, By::Worker, workers_before_last_tier(), times);
  }
  return summary(times);
}

void record(benchmark::State& state, const std::vector<Wakes>& all) {
  state.counters["p50_us"] = 1e6 * median_of(all, &Wakes::seconds);
  state.counters["p99_us"] = 1e6 * median_of(all, &Wakes::p99);
  state.counters["since_posted_us"] = 1e6 * median_of(all, &Wakes::since_posted);
  if (const double told = median_of(all, &Wakes::since_told); told != 0) state.counters["since_told_us"] = 1e6 * told;
}

[[maybe_unused]] const bool added =
    add_pair<Wakes>("wake", 2, [](Contender contender) { return run_wakes(contender, By::Worker); }, record) &&
    add_pair<Wakes>("wake_outside", 2, [](Contender contender) { return run_wakes(contender, By::Outside); }, record) &&
    add_pair<Wakes>("wake_first", 2, run_first_wakes, record);

}  // namespace
}  // namespace spillover
