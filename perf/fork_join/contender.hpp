/// @file
/// The cases: every contender solves every problem, on one thread and on two, and each answer is checked.
///
/// A contender is a class made for a number of threads, outside the measured time, with a member function for each problem.
/// `is_too_slow_to_repeat(threads)` is true for one whose cases take most of a minute.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "fork_join/fib.hpp"
#include "fork_join/matmul.hpp"
#include "fork_join/nqueens.hpp"
#include "fork_join/skynet.hpp"
#include "fork_join/uts.hpp"
#include "support/add_case.hpp"
#include "support/memory.hpp"

namespace fork_join {

/// `solve()` gives an answer that `check(answer)` accepts; once before the clock starts, so that threads and caches are there.
template <class Solve, class Check>
void measure(benchmark::State& state, Solve solve, Check check) {
  const perf::PeakMemory peak;
  for (auto _ : state) check(solve());
  peak.record(state);
}

template <class Contender>
void run_fib(benchmark::State& state, Contender& contender, unsigned n) {
  fib::verify(12, contender.fib(12));
  const auto solve = [&] {
    unsigned argument = n;
    benchmark::DoNotOptimize(argument);  // else the compiler computes a plain recursion once for all turns
    return contender.fib(argument);
  };
  measure(state, solve, [n](std::uint64_t result) { fib::verify(n, result); });
}

template <class Contender>
void run_skynet(benchmark::State& state, Contender& contender, std::uint64_t leaves) {
  skynet::verify(100, contender.skynet(100));
  const auto solve = [&] {
    std::uint64_t argument = leaves;
    benchmark::DoNotOptimize(argument);  // as above
    return contender.skynet(argument);
  };
  measure(state, solve, [leaves](std::uint64_t result) { skynet::verify(leaves, result); });
}

template <class Contender>
void run_nqueens(benchmark::State& state, Contender& contender) {
  nqueens::verify(6, contender.nqueens(6));
  const unsigned n = nqueens::size();
  measure(state, [&] { return contender.nqueens(n); }, [n](std::uint64_t result) { nqueens::verify(n, result); });
}

template <class Contender>
void run_matmul(benchmark::State& state, Contender& contender) {
  matmul::Matrices matrices(matmul::size());
  for (auto _ : state) {
    state.PauseTiming();
    matrices.clear();
    state.ResumeTiming();
    contender.matmul(matrices.product());
  }
  matrices.verify();
}

template <class Contender>
void run_uts(benchmark::State& state, Contender& contender) {
  uts::verify(3, contender.uts(3));
  const std::uint32_t depth = uts::depth_limit();
  measure(state, [&] { return contender.uts(depth); }, [depth](const uts::Tree& tree) { uts::verify(depth, tree); });
}

/// Adds one case for each number of threads; `run(state, contender)` is the body.
template <class Contender, class Run>
void add(const std::string& problem, const std::string& name, std::initializer_list<unsigned> threads, Run run) {
  for (const unsigned count : threads) {
    auto* const added = perf::add_case(problem, name, count, [count, run](benchmark::State& state) {
      Contender contender(count);
      run(state, contender);
    });
    if (Contender::is_too_slow_to_repeat(count)) added->Repetitions(1);
  }
}

/// Adds all problems.
template <class Contender>
bool add_contender(const std::string& name, std::initializer_list<unsigned> threads) {
  add<Contender>("fib", name, threads, [](auto& state, Contender& c) { run_fib(state, c, fib::size()); });
  add<Contender>("skynet", name, threads, [](auto& state, Contender& c) { run_skynet(state, c, skynet::leaves()); });
  add<Contender>("nqueens", name, threads, [](auto& state, Contender& c) { run_nqueens(state, c); });
  add<Contender>("matmul", name, threads, [](auto& state, Contender& c) { run_matmul(state, c); });
  add<Contender>("uts", name, threads, [](auto& state, Contender& c) { run_uts(state, c); });
  return true;
}

}  // namespace fork_join
