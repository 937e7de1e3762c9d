/// @file
/// What every benchmark program here uses beside Google Benchmark: checked answers and sizes for a smoke run.
#pragma once

#include <benchmark/benchmark.h>

#include <string_view>

namespace perf {

/// Ends the program with status 1 and says which case is wrong, unless `right`; a wrong answer is no measurement.
void verify(bool right, std::string_view what);

/// Returns true in a smoke run (perf/run --smoke), where each case runs once and only has to work.
bool smoke();

/// Returns the size of a problem: `full` to measure, `small` in a smoke run.
template <class T>
T size(T full, T small) {
  return smoke() ? small : full;
}

}  // namespace perf
