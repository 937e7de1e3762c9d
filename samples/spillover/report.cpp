#include "report.hpp"

#include <vector>

#include "words.hpp"

namespace spillover {
namespace {

void row(std::string& text, const char* name, const std::string& all_open,
         const std::string& tiered, const std::string& remark = {}) {
  text += formatted("%-26s%14s%14s", name, all_open.c_str(), tiered.c_str());
  if (!remark.empty()) text.append("   ").append(remark);
  text += '\n';
}

/// How the second differs from the first.
std::string difference(double first, double second) {
  return first > 0 ? formatted("%+.0f %%", (second / first - 1) * 100) : std::string();
}

std::string changes_of(const RunRecord& run) {
  if (run.tiers.size() < 2) return "-";
  unsigned opened = 0;  // one change may open several
  unsigned closed = 0;
  for (const TierStep& step : run.steps) {
    const bool is_up = step.open_after > step.open_before;
    (is_up ? opened : closed) +=
        is_up ? step.open_after - step.open_before : step.open_before - step.open_after;
  }
  return formatted("%u, %u", opened, closed);
}

std::string lateness_of(const RunRecord& run) {
  std::vector<std::int64_t> lateness = run.lateness_ns;
  return duration_words(percentile(lateness, 99));
}

void add_whole(std::string& text, const Load& load, const Outcome& outcome) {
  const RunRecord& a = outcome.all_open;
  const RunRecord& t = outcome.tiered;
  const double end = load.profile.seconds();
  const Figures fa = figures_between(a, load.schedule, 0, end);
  const Figures ft = figures_between(t, load.schedule, 0, end);
  const auto cpu_us = [](const RunRecord& run, const Figures& figures) {
    return figures.jobs > 0 ? run.cpu_seconds * 1e6 / static_cast<double>(figures.jobs) : 0.0;
  };
  row(text, "", a.name, t.name);
  row(text, "jobs, all results right", formatted("%zu", fa.jobs), formatted("%zu", ft.jobs));
  row(text, "CPU-seconds of workers", formatted("%.2f", a.cpu_seconds),
      formatted("%.2f", t.cpu_seconds), difference(a.cpu_seconds, t.cpu_seconds));
  row(text, "  for each job", formatted("%.0f us", cpu_us(a, fa)),
      formatted("%.0f us", cpu_us(t, ft)));
  row(text, "CPU-seconds of who posts", formatted("%.2f", a.generator_cpu_seconds),
      formatted("%.2f", t.generator_cpu_seconds),
      difference(a.generator_cpu_seconds, t.generator_cpu_seconds));
  const double open_a = a.open_worker_seconds(end);
  const double open_t = t.open_worker_seconds(end);
  row(text, "worker-seconds open", formatted("%.1f", open_a), formatted("%.1f", open_t),
      difference(open_a, open_t));
  const auto sleeps = [](const RunRecord& run) { return static_cast<double>(run.sleeps); };
  row(text, "workers fell asleep", formatted("%.0f times", sleeps(a)),
      formatted("%.0f times", sleeps(t)), difference(sleeps(a), sleeps(t)));
  row(text, "latency, median", duration_words(fa.p50_ns), duration_words(ft.p50_ns));
  row(text, "         99 %", duration_words(fa.p99_ns), duration_words(ft.p99_ns));
  row(text, "         at most", duration_words(fa.most_ns), duration_words(ft.most_ns));
  row(text, "posted late, 99 %", lateness_of(a), lateness_of(t));
  row(text, "tiers opened, closed", changes_of(a), changes_of(t));
}

void add_phases(std::string& text, const Load& load, const Outcome& outcome) {
  text += formatted("%-7s%8s %8s  %19s  %19s  %19s\n", "phase", "load", "jobs", "CPU for each job",
                    "median latency", "99 %");
  for (const Phase& phase : load.profile.phases()) {
    const Figures a = figures_between(outcome.all_open, load.schedule, phase.begin, phase.end);
    const Figures t = figures_between(outcome.tiered, load.schedule, phase.begin, phase.end);
    text += formatted("%-7s%6.0f %% %8zu  %6.0f us / %6.0f us", phase.name,
                      load.profile.average(phase) * 100, a.jobs,
                      cpu_us_per_job(outcome.all_open, load.schedule, phase.begin, phase.end),
                      cpu_us_per_job(outcome.tiered, load.schedule, phase.begin, phase.end));
    text += formatted("  %8s / %8s", duration_words(a.p50_ns).c_str(),
                      duration_words(t.p50_ns).c_str());
    text += formatted("  %8s / %8s\n", duration_words(a.p99_ns).c_str(),
                      duration_words(t.p99_ns).c_str());
  }
}

}  // namespace

std::string describe_outcome(const Load& load, const Outcome& outcome) {
  std::string text;
  add_whole(text, load, outcome);
  text += formatted("\nBy phase, %s / %s:\n", outcome.all_open.name.c_str(),
                    outcome.tiered.name.c_str());
  add_phases(text, load, outcome);
  return text;
}

}  // namespace spillover
