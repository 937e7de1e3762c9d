#include "picture.hpp"

#include <algorithm>
#include <cmath>

#include "words.hpp"

namespace spillover {
namespace {

constexpr const char* kOffered = "#d9d4c5";
constexpr const char* kAllOpen = "#d1660f";
constexpr const char* kTiered = "#1c64b8";

std::vector<std::string> labels(const std::vector<double>& ticks) {
  std::vector<std::string> result;
  for (const double tick : ticks) result.push_back(formatted("%g", tick));
  return result;
}

Panel linear_panel(std::string title, double most) {
  Panel panel;
  panel.title = std::move(title);
  panel.ticks = round_ticks(most);
  // Few enough to be read beside each other.
  while (panel.ticks.size() > 6) {
    const double step = (panel.ticks[1] - panel.ticks[0]) * 2;
    const double end = panel.ticks.back();
    panel.ticks.assign(1, 0.0);
    while (panel.ticks.back() < end) panel.ticks.push_back(panel.ticks.back() + step);
  }
  panel.tick_labels = labels(panel.ticks);
  return panel;
}

template <class Value>
Series over_time(const RunRecord& run, const char* colour, Value value) {
  Series series{run.name, colour, Series::Shape::Line, {}};
  for (const Sample& sample : run.samples) series.points.push_back({sample.second, value(sample)});
  return series;
}

/// Averages of 200 ms: single samples of 50 ms are mostly chance, and the last one may be shorter.
Series busy_over_time(const RunRecord& run, const char* colour) {
  constexpr std::size_t kSamples = 4;
  Series series{run.name, colour, Series::Shape::Line, {}};
  const std::size_t whole = run.samples.size() / kSamples * kSamples;
  for (std::size_t first = 0; first < std::max<std::size_t>(whole, 1); first += kSamples) {
    const std::size_t end = std::min(first + kSamples, run.samples.size());
    Point mean;
    for (std::size_t i = first; i < end; ++i) {
      mean.x += run.samples[i].second / static_cast<double>(end - first);
      mean.y += run.samples[i].busy_workers() / static_cast<double>(end - first);
    }
    series.points.push_back(mean);
  }
  return series;
}

Panel load_panel(const Load& load, double processors, const Outcome& outcome) {
  Series offered{"offered", kOffered, Series::Shape::Area, {}};
  double most = 1;
  for (const Phase& phase : load.profile.phases()) {
    for (const double second : {phase.begin, phase.end}) {
      offered.points.push_back({second, load.profile.at(second) * processors});
      most = std::max(most, offered.points.back().y);
    }
  }
  Series all_open = busy_over_time(outcome.all_open, kAllOpen);
  Series tiered = busy_over_time(outcome.tiered, kTiered);
  for (const Series* series : {&all_open, &tiered}) {
    for (const Point& point : series->points) most = std::max(most, point.y);
  }
  Panel panel = linear_panel("Load, in processors, and busy workers", most);
  panel.series = {std::move(offered), std::move(all_open), std::move(tiered)};
  return panel;
}

/// The workers of open tiers, at each change.
Series open_workers(const RunRecord& run, const char* colour, double seconds) {
  Series series{run.name, colour, Series::Shape::Steps, {}};
  double workers = run.open_workers_at_start;
  series.points.push_back({0, workers});
  for (const TierStep& step : run.steps) {
    workers = step.workers;
    series.points.push_back({step.second, workers});
  }
  series.points.push_back({seconds, workers});
  return series;
}

Panel workers_panel(const Load& load, const Outcome& outcome) {
  const double seconds = load.profile.seconds();
  Panel panel = linear_panel("Workers of open tiers", outcome.all_open.open_workers_at_start);
  if (panel.ticks[1] < 1) {
    panel.ticks.clear();
    for (unsigned i = 0; i <= outcome.all_open.open_workers_at_start; ++i) panel.ticks.push_back(i);
    panel.tick_labels = labels(panel.ticks);
  }
  panel.series = {open_workers(outcome.all_open, kAllOpen, seconds),
                  open_workers(outcome.tiered, kTiered, seconds)};
  return panel;
}

Panel cpu_panel(const Outcome& outcome) {
  const auto cpu = [](const Sample& sample) { return sample.cpu_seconds; };
  Panel panel = linear_panel("CPU-seconds spent by workers and runtime",
                             std::max(outcome.all_open.cpu_seconds, outcome.tiered.cpu_seconds));
  panel.series = {over_time(outcome.all_open, kAllOpen, cpu),
                  over_time(outcome.tiered, kTiered, cpu)};
  return panel;
}

/// The p99 of the jobs that were due in each window, in microseconds.
Series latency_over_time(const RunRecord& run, const Load& load, const char* colour) {
  constexpr double kWindow = 0.1;
  Series series{run.name, colour, Series::Shape::Line, {}};
  for (double begin = 0; begin < load.profile.seconds(); begin += kWindow) {
    const Figures figures = figures_between(run, load.schedule, begin, begin + kWindow);
    if (figures.jobs == 0) continue;
    series.points.push_back({begin + kWindow / 2, static_cast<double>(figures.p99_ns) / 1e3});
  }
  return series;
}

Panel latency_panel(const Load& load, const Outcome& outcome) {
  Panel panel;
  panel.title = "Latency of jobs, 99 % in each tenth of a second";
  panel.is_logarithmic = true;
  panel.series = {latency_over_time(outcome.all_open, load, kAllOpen),
                  latency_over_time(outcome.tiered, load, kTiered)};
  double least = 1e9;
  double most = 1;
  for (const Series& series : panel.series) {
    for (const Point& point : series.points) {
      least = std::min(least, point.y);
      most = std::max(most, point.y);
    }
  }
  least = std::min(least, most);
  const auto first = static_cast<int>(std::floor(std::log10(least)));
  const auto last = std::max(static_cast<int>(std::ceil(std::log10(most))), first + 1);
  for (int power = first; power <= last; ++power) {
    panel.ticks.push_back(std::pow(10.0, power));
    panel.tick_labels.push_back(power < 3   ? formatted("%g us", panel.ticks.back())
                                : power < 6 ? formatted("%g ms", panel.ticks.back() / 1e3)
                                            : formatted("%g s", panel.ticks.back() / 1e6));
  }
  return panel;
}

}  // namespace

Chart chart_of(const Load& load, double processors, const Outcome& outcome,
               const std::string& remark) {
  const RunRecord& a = outcome.all_open;
  const RunRecord& t = outcome.tiered;
  Chart chart;
  chart.title = "Tiers open under load and close without it";
  const auto describe = [&load](const RunRecord& run) {
    const Figures figures = figures_between(run, load.schedule, 0, load.profile.seconds());
    return formatted("%s: %zu jobs, %.2f CPU-seconds, latency %s (median) and %s (99 %%)",
                     run.name.c_str(), figures.jobs, run.cpu_seconds,
                     duration_words(figures.p50_ns).c_str(),
                     duration_words(figures.p99_ns).c_str());
  };
  chart.remarks = {describe(a), describe(t)};
  if (!remark.empty()) chart.remarks.push_back(remark);
  chart.seconds = load.profile.seconds();
  for (const Phase& phase : load.profile.phases()) {
    chart.bands.push_back({phase.name, phase.begin, phase.end});
  }
  chart.panels = {load_panel(load, processors, outcome), workers_panel(load, outcome),
                  cpu_panel(outcome), latency_panel(load, outcome)};
  return chart;
}

}  // namespace spillover
