/// @file
/// load_20, load_40, load_60: jobs of 100 us that come at random, so many that the processors are busy for that share of the time. The time of a
/// case is the processor time of a job, of all threads together. patient_40 is load_40 with tiers that let work wait up to five milliseconds.
#include <sys/prctl.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>

#include "spillover/pairs.hpp"
#include "spillover/runtimes.hpp"
#include "spillover/work.hpp"

namespace spillover {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::microseconds kJob{100};
constexpr Seconds kWarmUp{0.2};

/// When each job is due, from the beginning of the run: a Poisson process from a seed. The generator of <random> is the same everywhere, its
/// distributions are not.
std::vector<Seconds> arrivals(double rate, Seconds length, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Seconds> due;
  for (Seconds at{0}; at < length; at += Seconds(-std::log(static_cast<double>((random() >> 11U) + 1) * 0x1p-53) / rate)) due.push_back(at);
  return due;
}

struct PartRun {
  double seconds = 0;         // of processor time, of all threads, for a job
  double worker_seconds = 0;  // the same without the thread that posts
  double p50 = 0, p99 = 0;    // seconds from when a job was due to its end
  double late_p99 = 0;        // seconds by which it was posted late
  double changes = 0;         // of tiers, in the whole run
  double parks = 0;           // times that workers fell asleep, for a job
};

double quantile(std::vector<double> values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

PartRun run_part(Contender contender, double load, const weft::TierOptions& tiers) {
  static const Work work(kJob);
  const Seconds length = kWarmUp + Seconds(perf::size(2.0, 0.05));
  static std::uint64_t seed = 0;
  const double rate = load * workers() * share_of_each_processor() / Seconds(kJob).count();
  const std::vector<Seconds> due = arrivals(rate, length, ++seed / 2);  // both of a pair have the same
  std::vector<double> latency(due.size()), late(due.size());
  // The kernel may let a sleep last 50 us longer otherwise, which is much beside a job.
  ::prctl(PR_SET_TIMERSLACK, 1UL);

  Runtime runtime(contender, tiers);
  weft::Counter unfinished;
  double process = 0, poster = 0, parks = 0;
  std::size_t first = 0;
  const auto begin = Clock::now();
  const auto since_begin = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  for (std::size_t job = 0; job < due.size(); ++job) {
    if (first == 0 && due[job] >= kWarmUp) {
      first = job;
      parks = static_cast<double>(runtime->stats().total().parks);
      poster = seconds_of(CLOCK_THREAD_CPUTIME_ID);
      process = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    }
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due[job]));
    late[job] = since_begin() - due[job].count();
    runtime->spawn(
        [&, job] {
          work.run();
          latency[job] = since_begin() - due[job].count();
        },
        unfinished);
  }
  unfinished.wait();
  process = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - process;
  poster = seconds_of(CLOCK_THREAD_CPUTIME_ID) - poster;

  const auto jobs = static_cast<double>(due.size() - first);
  latency.erase(latency.begin(), latency.begin() + static_cast<std::ptrdiff_t>(first));
  late.erase(late.begin(), late.begin() + static_cast<std::ptrdiff_t>(first));
  PartRun run;
  run.seconds = process / jobs;
  run.worker_seconds = (process - poster) / jobs;
  run.p50 = quantile(latency, 0.5);
  run.p99 = quantile(latency, 0.99);
  run.late_p99 = quantile(late, 0.99);
  run.changes = static_cast<double>(runtime.changes().size());
  run.parks = (static_cast<double>(runtime->stats().total().parks) - parks) / jobs;
  return run;
}

void record(benchmark::State& state, const std::vector<PartRun>& runs) {
  state.counters["workers_us"] = 1e6 * median_of(runs, &PartRun::worker_seconds);
  state.counters["p50_us"] = 1e6 * median_of(runs, &PartRun::p50);
  state.counters["p99_us"] = 1e6 * median_of(runs, &PartRun::p99);
  state.counters["late_p99_us"] = 1e6 * median_of(runs, &PartRun::late_p99);
  state.counters["parks"] = median_of(runs, &PartRun::parks);
  state.counters["changes"] = median_of(runs, &PartRun::changes);
}

bool add_load(const char* problem, double load, const weft::TierOptions& tiers = {}) {
  return add_pair<PartRun>(problem, 2, [load, tiers](Contender contender) { return run_part(contender, load, tiers); }, record);
}

/// For who would rather wait than use more processors: only work that has waited opens a tier, and one closes as soon as the others can do its work.
weft::TierOptions patient() {
  weft::TierOptions tiers;
  tiers.threshold = 1;
  tiers.lower_threshold = 0.95;
  tiers.spill_delay = std::chrono::milliseconds(5);
  return tiers;
}

[[maybe_unused]] const bool added =
    add_load("load_20", 0.2) && add_load("load_40", 0.4) && add_load("load_60", 0.6) && add_load("patient_40", 0.4, patient());

}  // namespace
}  // namespace spillover
