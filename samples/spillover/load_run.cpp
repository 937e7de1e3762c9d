#include "load_run.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "cpu_meter.hpp"
#include "onlooker.hpp"

namespace spillover {
namespace {

using Clock = std::chrono::steady_clock;

/// The changes of tiers, as the runtime's watcher tells them.
class TierLog {
 public:
  explicit TierLog(Clock::time_point start) : start_(start) {}

  void note(const weft::TierChange& change) {
    const double second = std::chrono::duration<double>(change.time - start_).count();
    const std::lock_guard lock(mutex_);
    steps_.push_back({second, change.open_before, change.open_after, change.workers_after});
  }

  [[nodiscard]] std::vector<TierStep> take() {
    const std::lock_guard lock(mutex_);
    return std::move(steps_);
  }

 private:
  const Clock::time_point start_;
  std::mutex mutex_;
  std::vector<TierStep> steps_;  // guarded by mutex_
};

/// Posts the jobs. The latency of a job counts from when it was due, so a generator that is late
/// makes its jobs late, and hides nothing.
class Generator {
 public:
  Generator(const Load& load, JobLog& log, Clock::time_point start, std::stop_token stop)
      : load_(load), log_(log), start_(start), stop_(std::move(stop)) {
    lateness_ns_.reserve(load.schedule.size());
  }

  /// Returns when all jobs have ended, and not before the profile has.
  void post_all(weft::Runtime& runtime) {
    weft::Counter pending;
    try {
      post_when_due(runtime, pending);
    } catch (...) {
      pending.wait();
      throw;
    }
    const std::chrono::duration<double> whole(load_.profile.seconds());
    (void)sleep_until(start_ + std::chrono::duration_cast<Clock::duration>(whole));
    pending.wait();
  }

  [[nodiscard]] std::vector<std::int64_t> take_lateness() { return std::move(lateness_ns_); }

 private:
  void post_when_due(weft::Runtime& runtime, weft::Counter& pending) {
    for (std::size_t job = 0; job < load_.schedule.size(); ++job) {
      const Clock::time_point due = start_ + load_.schedule[job].due;
      if (!sleep_until(due)) return;
      lateness_ns_.push_back((Clock::now() - due).count());
      runtime.spawn([this, job] { run(job); }, pending);
      log_.note_posted();
    }
  }

  void run(std::size_t job) noexcept {
    if (stop_.stop_requested()) return;
    const bool is_right = load_.work.run(load_.schedule[job].kind);
    log_.note_end(job, (Clock::now() - start_).count(), is_right);
  }

  /// Gives false if a stop was requested.
  [[nodiscard]] bool sleep_until(Clock::time_point time) const {
    // In pieces: nobody wakes a thread that sleeps when a stop is requested.
    constexpr std::chrono::milliseconds kPiece{20};
    for (Clock::time_point now = Clock::now(); now < time; now = Clock::now()) {
      if (stop_.stop_requested()) return false;
      std::this_thread::sleep_until(std::min<Clock::time_point>(time, now + kPiece));
    }
    return !stop_.stop_requested();
  }

  const Load& load_;
  JobLog& log_;
  const Clock::time_point start_;
  const std::stop_token stop_;
  std::vector<std::int64_t> lateness_ns_;
};

/// One row for all workers where they are always open.
std::vector<TierRow> tiers_of(const weft::Runtime& runtime) {
  const weft::PinningPlan& plan = runtime.plan();
  if (plan.strategy != weft::PinningStrategy::TieredSpillover) {
    return {{"all workers", 0, runtime.worker_count()}};
  }
  std::vector<TierRow> rows;
  for (const weft::PinningPlan::Tier& tier : plan.tiers) {
    rows.push_back({tier.name, tier.first, tier.count});
  }
  return rows;
}

}  // namespace

RunRecord run_load(const Load& load, const RunPlan& plan, const std::stop_token& stop,
                   const std::function<void(const Moment&)>& show) {
  // The kernel may let a sleep last 50 us longer otherwise, which is much beside a job.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  RunRecord record;
  record.name = plan.name;

  JobLog log(load.schedule);
  const Clock::time_point start = Clock::now();
  TierLog tiers(start);
  weft::RuntimeOptions options = plan.options;
  options.on_tier_change = [&tiers](const weft::TierChange& change) { tiers.note(change); };
  {
    weft::Runtime runtime(std::move(options));
    record.tiers = tiers_of(runtime);
    record.open_workers_at_start = record.tiers.front().count;
    if (plan.is_traced) runtime.start_trace();
    const CpuMeter meter;
    Generator generator(load, log, start, stop);
    {
      Onlooker onlooker(runtime, meter, log, start, record, show);
      generator.post_all(runtime);
      onlooker.stop();
    }
    if (plan.is_traced) record.trace = runtime.stop_trace();
    record.cpu_seconds = record.samples.back().cpu_seconds;
    record.sleeps = runtime.stats().total().parks;
    record.generator_cpu_seconds = meter.generator_seconds();
    record.lateness_ns = generator.take_lateness();
  }
  record.steps = tiers.take();
  record.latencies_ns = log.latencies_ns();
  record.wrong_results = log.wrong_results();
  return record;
}

}  // namespace spillover
