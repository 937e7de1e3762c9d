/// @file
/// Two contenders turn about, so that whatever else happens on the machine happens to both.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spillover/runtimes.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace spillover {

/// Pre: there are some.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

template <class Sample>
struct Pair {
  Sample all_open;
  Sample tiered;
  [[nodiscard]] const Sample& of(Contender contender) const { return contender == Contender::Tiered ? tiered : all_open; }
};

/// Pairs of runs directly after one another, each time in the other order. Two cases share them, one for each contender: whichever comes first runs a
/// pair, and the other one takes the same.
template <class Sample>
class Pairs {
 public:
  using Run = std::function<Sample(Contender)>;

  explicit Pairs(Run run) : run_(std::move(run)) {}

  Pair<Sample> next(Contender contender) {
    auto& mine = waiting_[static_cast<std::size_t>(contender)];
    if (mine.empty()) {
      const Pair<Sample> made = make();
      for (auto& of : waiting_) of.push_back(made);
    }
    Pair<Sample> pair = std::move(mine.front());
    mine.pop_front();
    return pair;
  }

 private:
  Pair<Sample> make() {
    Pair<Sample> pair;
    is_tiered_first_ = !is_tiered_first_;
    if (is_tiered_first_) pair.tiered = run_(Contender::Tiered);
    pair.all_open = run_(Contender::AllOpen);
    if (!is_tiered_first_) pair.tiered = run_(Contender::Tiered);
    return pair;
  }

  Run run_;
  bool is_tiered_first_ = false;
  std::array<std::deque<Pair<Sample>>, 2> waiting_;
};

/// Adds two cases whose time is Sample::seconds. The one with tiers has the counter `ratio`: the median of all pairs' tiered / all open.
///
/// `run(contender)` gives a sample; `record(state, samples)` adds counters of those of one contender.
template <class Sample, class Run, class Record>
bool add_pair(const std::string& problem, int pairs, Run run, Record record) {
  const auto shared = std::make_shared<Pairs<Sample>>(run);
  for (const Contender contender : {Contender::AllOpen, Contender::Tiered}) {
    const char* const name = contender == Contender::Tiered ? "tiered" : "all-open";
    perf::add_timed_case(problem, name, workers(), [shared, record, contender](benchmark::State& state) {
      std::vector<Sample> samples;
      std::vector<double> ratios;
      for (auto _ : state) {
        const Pair<Sample> pair = shared->next(contender);
        samples.push_back(pair.of(contender));
        state.SetIterationTime(samples.back().seconds);
        ratios.push_back(pair.tiered.seconds / pair.all_open.seconds);
      }
      record(state, samples);
      if (contender == Contender::Tiered) state.counters["ratio"] = median(ratios);
    })->Iterations(perf::size(pairs, 1));
  }
  return true;
}

/// The median of a member over samples.
template <class Sample>
double median_of(const std::vector<Sample>& samples, double Sample::*member) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*member);
  return median(std::move(values));
}

}  // namespace spillover
