/// @file
/// How much memory a case takes.
#pragma once

#include <benchmark/benchmark.h>

namespace perf {

/// Finds the most memory that the process has had resident since this was made.
///
/// What earlier cases left behind counts too, so a published figure comes from a run with one case (--filter).
class PeakMemory {
 public:
  PeakMemory();
  /// Adds the counter `peak_MB` to the record; nothing where the kernel cannot tell.
  void record(benchmark::State& state) const;
};

}  // namespace perf
