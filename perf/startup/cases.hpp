/// @file
/// How long it takes to have workers.
///
/// construct  the object alone
/// first_job  the object, and one job done by whoever comes first
/// all_at_work  the object, and a job done by each of its threads, all at the same time
/// life       the object, a job, and the end of all threads
#pragma once

#include <initializer_list>
#include <latch>
#include <string>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/quantiles.hpp"

namespace startup {

using Clock = perf::Quantiles::Clock;

inline constexpr std::initializer_list<unsigned> kThreads = {1, 2, 4, 8, 16};

/// Adds a case for each number of threads; `turn(contender, threads)` is what is timed.
///
/// A contender has make(threads), which starts it up, and end(), which ends its threads: after the clock has stopped.
template <class Contender, class Turn>
bool add(const std::string& problem, const std::string& name, Turn turn) {
  for (const unsigned threads : kThreads) {
    perf::add_timed_case(problem, name, threads, [threads, turn](benchmark::State& state) {
      perf::Quantiles times(state);
      for (auto _ : state) {
        Contender contender;
        const auto begin = Clock::now();
        turn(contender, threads);
        times.add(Clock::now() - begin);
        contender.end();
      }
      times.record();
    })->Iterations(perf::size(200, 2));
  }
  return true;
}

template <class Contender>
bool add_construct(const std::string& name) {
  return add<Contender>("construct", name, [](Contender& contender, unsigned threads) { contender.make(threads); });
}

/// one_job() has a job done and returns what the job says, which is 1.
template <class Contender>
void run_one_job(Contender& contender) {
  perf::verify(contender.one_job() == 1, "the job has not run");
}

template <class Contender>
bool add_first_job(const std::string& name) {
  return add<Contender>("first_job", name, [](Contender& contender, unsigned threads) {
    contender.make(threads);
    run_one_job(contender);
  });
}

template <class Contender>
bool add_life(const std::string& name) {
  return add<Contender>("life", name, [](Contender& contender, unsigned threads) {
    contender.make(threads);
    run_one_job(contender);
    contender.end();
  });
}

/// jobs(n) has n jobs done that wait for each other.
template <class Contender>
bool add_all_at_work(const std::string& name) {
  return add<Contender>("all_at_work", name, [](Contender& contender, unsigned threads) {
    contender.make(threads);
    contender.jobs(threads);
  });
}

}  // namespace startup
