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

/// A contender: make() starts it up, one_job() has a job done, jobs(n) has n jobs done that wait for each other, end() ends
/// its threads. What has been started is ended before the next turn, outside the measured time.
template <class Contender>
bool add_contender(const std::string& name) {
  const auto add = [&name](const std::string& problem, auto turn) {
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
  };
  if constexpr (requires(Contender c) { c.make(1U); }) {
    add("construct", [](Contender& contender, unsigned threads) { contender.make(threads); });
    add("first_job", [](Contender& contender, unsigned threads) {
      contender.make(threads);
      contender.one_job();
    });
  }
  add("all_at_work", [](Contender& contender, unsigned threads) {
    contender.make(threads);
    contender.jobs(threads);
  });
  add("life", [](Contender& contender, unsigned threads) {
    contender.make(threads);
    contender.one_job();
    contender.end();
  });
  return true;
}

}  // namespace startup
