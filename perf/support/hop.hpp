/// @file
/// How far apart two processors are.
#pragma once

#include <benchmark/benchmark.h>

namespace perf {

/// Adds the counter `hop_ns`: what a written word takes from one of this program's first two processors to the other at this moment.
///
/// Two virtual processors may share a cache in one minute and none in the next, and what threads do to one another costs accordingly:
/// results with different hops are not comparable. No counter if the program may use one processor only.
void record_hop(benchmark::State& state);

}  // namespace perf
