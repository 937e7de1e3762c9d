/// @file
/// full_fib, full_flood: more work than there are processors, from a runtime that was made just before, until all of it is done.
#include <cstdint>

#include "spillover/pairs.hpp"
#include "spillover/runtimes.hpp"
#include "spillover/work.hpp"

namespace spillover {
namespace {

struct FullRun {
  double seconds = 0;      // by the clock
  double cpu_seconds = 0;  // of all threads
  double ramp_seconds = 0;  // until all tiers were open
};

void record(benchmark::State& state, const std::vector<FullRun>& runs) {
  state.counters["cpu_ms"] = 1e3 * median_of(runs, &FullRun::cpu_seconds);
  if (const double ramp = median_of(runs, &FullRun::ramp_seconds); ramp > 0) state.counters["ramp_ms"] = 1e3 * ramp;
}

/// `spawn(runtime, unfinished)` adds the work. By the workers alone: a thread inside Runtime::run would not be bound.
template <class Spawn>
FullRun run_full(Contender contender, Spawn spawn) {
  Runtime runtime(contender);
  weft::Counter first;
  runtime->spawn([] {}, first);
  first.wait();  // a thread is there, as in a program that has begun
  weft::Counter unfinished;
  FullRun run;
  const double cpu_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const auto begin = Clock::now();
  spawn(runtime, unfinished);
  unfinished.wait();
  run.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  run.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  if (contender == Contender::Tiered && tiers() > 1 && !perf::smoke()) {
    run.ramp_seconds = std::chrono::duration<double>(runtime.opened_all().is.time - begin).count();
  }
  return run;
}

weft::Task<std::uint64_t> fibonacci(unsigned n) {
  if (n < 2) co_return n;
  const auto [a, b] = co_await weft::when_all(fibonacci(n - 1), fibonacci(n - 2));
  co_return a + b;
}

weft::Task<> check_fibonacci(unsigned n, std::uint64_t expected) {
  perf::verify(co_await fibonacci(n) == expected, "fib");
}

FullRun run_fib(Contender contender) {
  const unsigned n = perf::size(39U, 16U);
  const std::uint64_t expected = perf::size<std::uint64_t>(63'245'986, 987);
  return run_full(contender, [&](Runtime& runtime, weft::Counter& unfinished) { runtime->spawn(check_fibonacci(n, expected), unfinished); });
}

/// One job spawns all the others.
FullRun run_flood(Contender contender) {
  static const Work work(std::chrono::microseconds(5));
  static const auto count = perf::size<std::size_t>(300'000, 2'000);
  return run_full(contender, [](Runtime& runtime, weft::Counter& unfinished) {
    runtime->spawn(
        [&unfinished] {
          for (std::size_t i = 0; i < count; ++i) weft::spawn([] { work.run(); }, unfinished);
        },
        unfinished);
  });
}

[[maybe_unused]] const bool added = add_pair<FullRun>("full_fib", 2, run_fib, record) && add_pair<FullRun>("full_flood", 2, run_flood, record);

}  // namespace
}  // namespace spillover
