#include <catch2/catch.hpp>

#include <numeric>

#include "job_log.hpp"
#include "run_record.hpp"
#include "words.hpp"

using namespace spillover;
using std::chrono::milliseconds;

TEST_CASE("a percentile is a value that so many percent are not above") {
  std::vector<std::int64_t> values(100);
  std::iota(values.rbegin(), values.rend(), 1);
  CHECK(percentile(values, 50) == 50);
  CHECK(percentile(values, 99) == 99);
  CHECK(percentile(values, 100) == 100);
  std::vector<std::int64_t> one{7};
  CHECK(percentile(one, 1) == 7);
  std::vector<std::int64_t> none;
  CHECK(percentile(none, 50) == 0);
}

TEST_CASE("processor time between samples is interpolated") {
  RunRecord run;
  CHECK(run.cpu_seconds_at(1) == 0);
  run.samples = {{1, 2, {}, 0, 0}, {2, 4, {}, 0, 0}};
  CHECK(run.cpu_seconds_at(0.5) == Approx(1));
  CHECK(run.cpu_seconds_at(1.5) == Approx(3));
  CHECK(run.cpu_seconds_at(9) == Approx(4));
}

TEST_CASE("worker-seconds count open tiers only") {
  RunRecord run;
  run.open_workers_at_start = 2;
  CHECK(run.open_worker_seconds(4) == Approx(8));
  run.steps = {{1, 1, 2, 6}, {2, 2, 1, 2}, {5, 1, 2, 6}};
  CHECK(run.open_worker_seconds(4) == Approx(2 + 6 + 4));
}

TEST_CASE("figures are those of the jobs that were due meanwhile") {
  const std::vector<Arrival> schedule{
      {milliseconds(500), 0}, {milliseconds(1500), 0}, {milliseconds(1600), 0}};
  RunRecord run;
  run.latencies_ns = {1000, 2000, 3000};
  run.samples = {{2, 0.002, {}, 0, 0}};
  const Figures figures = figures_between(run, schedule, 1, 2);
  CHECK(figures.jobs == 2);
  CHECK(figures.p50_ns == 2000);
  CHECK(figures.most_ns == 3000);
  CHECK(figures_between(run, schedule, 3, 4).jobs == 0);
  CHECK(cpu_us_per_job(run, schedule, 1, 2) == Approx(500));
  CHECK(cpu_us_per_job(run, schedule, 3, 4) == 0);
}

TEST_CASE("recent latencies are those of jobs that ended in the last second") {
  const std::vector<Arrival> schedule{
      {milliseconds(0), 0}, {milliseconds(100), 0}, {milliseconds(200), 0}};
  constexpr std::int64_t kMs = 1'000'000;
  JobLog log(schedule);
  for (int i = 0; i < 3; ++i) log.note_posted();
  log.note_end(2, 300 * kMs, true);
  CHECK(log.recent(400 * kMs).jobs == 1);
  log.note_end(0, 1400 * kMs, true);
  const RecentLatency later = log.recent(1500 * kMs);
  CHECK(later.jobs == 1);
  CHECK(later.p99_ns == 1400 * kMs);
  log.note_end(1, 1600 * kMs, false);
  CHECK(log.recent(2500 * kMs).jobs == 1);
  CHECK(log.recent(4000 * kMs).jobs == 0);
  CHECK(log.wrong_results() == 1);
  CHECK(log.latencies_ns() == std::vector<std::int64_t>{1400 * kMs, 1500 * kMs, 100 * kMs});
}

TEST_CASE("durations are words with three digits at most") {
  CHECK(duration_words(0) == "0 us");
  CHECK(duration_words(212'400) == "212 us");
  CHECK(duration_words(999'600) == "1.00 ms");
  CHECK(duration_words(12'340'000) == "12.3 ms");
  CHECK(duration_words(3'100'000'000) == "3.10 s");
}
