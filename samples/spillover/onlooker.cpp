#include "onlooker.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace spillover {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSampleEvery{50};
constexpr unsigned kSamplesForEachFrame = 2;

/// The share of the time between two snapshots in which a worker ran something.
double busy_share(const weft::RuntimeStats& before, const weft::RuntimeStats& after,
                  std::size_t worker) {
  const std::chrono::duration<double> time = after.age - before.age;
  const auto idle_before =
      worker < before.workers.size() ? before.workers[worker].idle : before.age;
  const std::chrono::duration<double> idle = after.workers[worker].idle - idle_before;
  // The two are not of exactly the same moment.
  return time.count() > 0 ? std::clamp(1.0 - idle / time, 0.0, 1.0) : 0.0;
}

}  // namespace

Onlooker::Onlooker(weft::Runtime& runtime, const CpuMeter& meter, JobLog& log,
                   Clock::time_point start, RunRecord& record,
                   const std::function<void(const Moment&)>& show)
    : runtime_(runtime),
      meter_(meter),
      log_(log),
      start_(start),
      record_(record),
      show_(show),
      last_(runtime.stats()),
      thread_([this](const std::stop_token& stop) { look_until_stopped(stop); }) {}

void Onlooker::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Onlooker::look_until_stopped(const std::stop_token& stop) {
  const ThreadClock own;
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  Clock::time_point next = start_ + kSampleEvery;
  while (!wakes.wait_until(lock, stop, next, [&stop] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) break;
    take_sample(own);
    if (record_.samples.size() % kSamplesForEachFrame == 0) show();
    // Whoever comes late leaves samples out instead of hurrying.
    while (next <= Clock::now()) next += kSampleEvery;
  }
  take_sample(own);
  show();
}

void Onlooker::show() {
  const std::chrono::nanoseconds now = Clock::now() - start_;
  show_({record_, log_.recent(now.count())});
}

void Onlooker::take_sample(const ThreadClock& own) {
  weft::RuntimeStats now = runtime_.stats();
  Sample sample;
  sample.second = std::chrono::duration<double>(Clock::now() - start_).count();
  sample.cpu_seconds = meter_.seconds(own.seconds());
  const unsigned workers = runtime_.worker_count();
  for (unsigned worker = 0; worker < workers; ++worker) {
    sample.busy.push_back(busy_share(last_, now, worker));
  }
  sample.open_workers = now.tiers.empty() ? workers : 0;
  sample.open_tiers = now.tiers.empty() ? 1 : 0;
  for (const weft::TierStats& tier : now.tiers) {
    if (!tier.is_open) continue;
    sample.open_workers += tier.count;
    ++sample.open_tiers;
  }
  record_.samples.push_back(std::move(sample));
  last_ = std::move(now);
}

}  // namespace spillover
