/// @file
/// What the command line of a test program says: the seed of this run and how long stress cases run.
#pragma once

#include <cstdint>

namespace weft_test {

/// How many times longer a stress case runs in the long suite.
inline constexpr double kLongFactor = 40;

struct Options {
  std::uint64_t seed = 0;  ///< --seed, or a random number; the program prints it first
  double seconds = 0.5;    ///< about how long one stress case runs: --seconds, times kLongFactor in the long suite
  bool is_long = false;    ///< whether this is the long suite
};

/// Returns the options of this run; valid once main() has started.
const Options& options();

}  // namespace weft_test
