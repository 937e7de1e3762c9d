/// @file
/// How long a cycle is at this moment, so that the other figures can be read in cycles.
#include <cstdint>

#include "fiber/cases.hpp"

namespace fibers {
namespace {

[[maybe_unused]] const bool cycle = add_operation("cycle", "serial", 1, [](benchmark::State& state) {
  measure(state, perf::size<std::size_t>(10'000'000, 10'000), [](std::size_t count) {
    // From a register: some processors take a constant away before they execute anything.
    std::uint64_t one = 1;
    benchmark::DoNotOptimize(one);
    std::uint64_t x = 0;
    for (std::size_t i = 0; i < count; ++i) {
      asm volatile("" : "+r"(one));
      x += one;
      asm volatile("" : "+r"(x));
    }
    return x;
  });
});

}  // namespace
}  // namespace fibers
