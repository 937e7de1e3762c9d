/// @file
/// How much memory a case takes.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

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

/// What the process has of the kernel's at one moment.
struct MemoryUse {
  /// What there is now; first, what malloc keeps for itself goes back to the kernel.
  static MemoryUse trimmed();
  /// What there is now.
  static MemoryUse now();

  double resident_kib = 0;
  std::size_t mappings = 0;
};

}  // namespace perf
