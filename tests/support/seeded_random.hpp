/// @file
/// Random numbers that repeat: everything a stress test draws comes from the run's --seed.
#pragma once

#include "support/test_options.hpp"

#include <cstdint>

namespace weft_test {

/// A small, fast generator (SplitMix64). Streams of one seed are independent: give each thread its own number.
class SeededRandom {
 public:
  using result_type = std::uint64_t;

  explicit SeededRandom(std::uint64_t stream = 0)
      : state_(options().seed * 0x9e3779b97f4a7c15u + stream * 0xbf58476d1ce4e5b9u) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  result_type operator()() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Returns a number below `bound`, which is not zero.
  std::uint64_t below(std::uint64_t bound) { return (*this)() % bound; }

  /// Returns true once in `n` calls on average.
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace weft_test
