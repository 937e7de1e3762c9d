/// @file
/// A fork whose allocations are made to fail, and for how many workers.
#pragma once

#include <weft/weft.hpp>

namespace weft_test {

inline constexpr unsigned kNumbersOfWorkers[] = {1, 2};

inline weft::Task<long> fib(int n) {
  if (n < 2) co_return n;
  const auto [a, b] = co_await weft::when_all(fib(n - 1), fib(n - 2));
  co_return a + b;
}

}  // namespace weft_test
