#include "run_record.hpp"

#include <algorithm>

namespace spillover {

double RunRecord::cpu_seconds_at(double second) const noexcept {
  const auto after = std::lower_bound(samples.begin(), samples.end(), second,
                                      [](const Sample& s, double at) { return s.second < at; });
  if (after == samples.end()) return samples.empty() ? 0.0 : samples.back().cpu_seconds;
  const Sample before = after == samples.begin() ? Sample{} : *(after - 1);
  const double length = after->second - before.second;
  const double part = length > 0 ? (second - before.second) / length : 1.0;
  return before.cpu_seconds + (after->cpu_seconds - before.cpu_seconds) * part;
}

double RunRecord::open_worker_seconds(double seconds) const noexcept {
  double sum = 0;
  double since = 0;
  unsigned open = open_workers_at_start;
  for (const TierStep& step : steps) {
    const double until = std::min(step.second, seconds);
    sum += open * (until - since);
    since = until;
    open = step.workers;
  }
  return sum + open * (seconds - since);
}

double cpu_us_per_job(const RunRecord& run, const std::vector<Arrival>& schedule, double begin,
                      double end) {
  std::size_t ended = 0;
  for (std::size_t job = 0; job < schedule.size(); ++job) {
    const std::int64_t end_ns = schedule[job].due.count() + run.latencies_ns[job];
    const double second = static_cast<double>(end_ns) * 1e-9;
    if (second >= begin && second < end) ++ended;
  }
  const double cpu = run.cpu_seconds_at(end) - run.cpu_seconds_at(begin);
  return ended > 0 ? cpu * 1e6 / static_cast<double>(ended) : 0.0;
}

std::int64_t percentile(std::vector<std::int64_t>& values, unsigned percent) {
  if (values.empty()) return 0;
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

Figures figures_between(const RunRecord& run, const std::vector<Arrival>& schedule, double begin,
                        double end) {
  const auto place = [&schedule](double second) {
    return std::lower_bound(schedule.begin(), schedule.end(), second,
                            [](const Arrival& arrival, double at) {
                              return static_cast<double>(arrival.due.count()) * 1e-9 < at;
                            }) -
           schedule.begin();
  };
  std::vector<std::int64_t> latencies(run.latencies_ns.begin() + place(begin),
                                      run.latencies_ns.begin() + place(end));
  Figures figures;
  figures.jobs = latencies.size();
  if (latencies.empty()) return figures;
  figures.p50_ns = percentile(latencies, 50);
  figures.p99_ns = percentile(latencies, 99);
  figures.most_ns = percentile(latencies, 100);
  return figures;
}

}  // namespace spillover
