/// @file
/// How far apart two processors are.
#pragma once

#include <benchmark/benchmark.h>

namespace perf {

/// Adds the counter `hop_ns` to a case that runs as long as this lives: what a written word takes from one of the program's first two
/// processors to the other, before the case or after it, whichever was more.
///
/// Two virtual processors may share a cache in one minute and none in the next, and what threads do to one another costs accordingly:
/// results with different hops are not comparable. No counter if the program may use one processor only.
class Hop {
 public:
  explicit Hop(benchmark::State& state);
  ~Hop();
  Hop(const Hop&) = delete;
  Hop& operator=(const Hop&) = delete;

 private:
  benchmark::State& state_;
  const double before_;
};

}  // namespace perf
