/// @file
/// Fibonacci by recursion: nothing but forks. Every call with n >= 2 forks fib(n - 1) and fib(n - 2), down to the leaves.
#pragma once

#include <cstdint>
#include <utility>

#include "support/bench.hpp"

namespace fib {

/// 204.7 million calls.
inline unsigned size() { return perf::size(39U, 16U); }

inline std::uint64_t expected(unsigned n) {
  std::uint64_t a = 0;
  std::uint64_t b = 1;
  for (unsigned i = 0; i < n; ++i) a = std::exchange(b, a + b);
  return a;
}

inline void verify(unsigned n, std::uint64_t result) {
  perf::verify(result == expected(n), "fib");
}

}  // namespace fib
