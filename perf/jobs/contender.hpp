/// @file
/// The cases about many small jobs. A time in ms of a case with a million jobs is a time in ns of one job.
///
/// A contender is a class made for a number of threads, outside the measured time; it has a member function for each case
/// that it takes part in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/hop.hpp"
#include "support/tally.hpp"

namespace jobs {

inline std::size_t job_count() { return perf::size<std::size_t>(1'000'000, 2'000); }
inline constexpr std::size_t kBatch = 1000;

/// Unequal work: every tenth job has 25 times as much as the others, 60 ns in the mean.
class Imbalanced {
 public:
  explicit Imbalanced(std::size_t count) : results_(count) {}

  [[nodiscard]] std::size_t count() const { return results_.size(); }
  void run(std::size_t i) { results_[i] = value(i); }
  void verify() const {
    for (std::size_t i = 0; i < results_.size(); ++i) perf::verify(results_[i] == value(i), "imbalanced");
  }
  void clear() { results_.assign(results_.size(), 0); }

 private:
  static std::uint64_t value(std::size_t i) {
    std::uint64_t x = i + 1;
    for (unsigned round = i % 10 == 0 ? 375 : 15; round > 0; --round) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
    }
    return x;
  }

  std::vector<std::uint64_t> results_;
};

/// `spawn_and_join(count)` runs `count` jobs that call perf::Tally::count().
template <class SpawnAndJoin>
void measure_empty(benchmark::State& state, SpawnAndJoin spawn_and_join) {
  const std::size_t count = job_count();
  spawn_and_join(kBatch);
  for (auto _ : state) {
    const std::uint64_t before = perf::Tally::total();
    spawn_and_join(count);
    perf::verify(perf::Tally::total() - before == count, "number of jobs that have run");
  }
  state.counters["jobs"] = benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

/// `run_all(work)` calls work.run(i), a job for each i.
template <class RunAll>
void measure_imbalanced(benchmark::State& state, RunAll run_all) {
  Imbalanced work(perf::size<std::size_t>(100'000, 2'000));
  for (auto _ : state) {
    run_all(work);
    state.PauseTiming();
    work.verify();
    work.clear();
    state.ResumeTiming();
  }
}

template <class Contender, class Run>
void add(const std::string& problem, const std::string& name, std::initializer_list<unsigned> threads, Run run) {
  for (const unsigned count : threads) {
    perf::add_case(problem, name, count, [count, run](benchmark::State& state) {
      Contender contender(count);
      run(state, contender);
    });
  }
}

/// Adds the cases that `Contender` has a member function for.
template <class Contender>
bool add_contender(const std::string& name, std::initializer_list<unsigned> threads) {
  if constexpr (requires(Contender c) { c.join_inside(kBatch); }) {
    add<Contender>("join_inside", name, threads, [](auto& state, Contender& c) {
      measure_empty(state, [&c](std::size_t count) { c.join_inside(count); });
    });
  }
  if constexpr (requires(Contender c) { c.join_outside(kBatch); }) {
    add<Contender>("join_outside", name, threads, [](auto& state, Contender& c) {
      const perf::Hop hop(state);  // with one worker there are two threads as well
      measure_empty(state, [&c](std::size_t count) { c.join_outside(count); });
    });
  }
  if constexpr (requires(Contender c) { c.batches(kBatch); }) {
    add<Contender>("batches_of_1000", name, threads, [](auto& state, Contender& c) {
      measure_empty(state, [&c](std::size_t count) { c.batches(count); });
    });
  }
  if constexpr (requires(Contender c) { c.detached(kBatch); }) {
    add<Contender>("detached", name, threads, [](auto& state, Contender& c) {
      measure_empty(state, [&c](std::size_t count) { c.detached(count); });
    });
  }
  if constexpr (requires(Contender c) { c.counter_each(kBatch); }) {
    add<Contender>("counter_each", name, threads, [](auto& state, Contender& c) {
      measure_empty(state, [&c](std::size_t count) { c.counter_each(count); });
    });
  }
  if constexpr (requires(Contender c) { c.one_by_one(kBatch); }) {
    add<Contender>("one_by_one", name, threads, [](auto& state, Contender& c) {
      measure_empty(state, [&c](std::size_t count) { c.one_by_one(count); });
    });
  }
  add<Contender>("imbalanced_100k", name, threads, [](auto& state, Contender& c) {
    measure_imbalanced(state, [&c](Imbalanced& work) { c.imbalanced(work); });
  });
  return true;
}

}  // namespace jobs
