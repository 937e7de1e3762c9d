/// @file
/// Skynet: a tree in which every node forks ten children; the leaves return their numbers, the others the sum.
#pragma once

#include <cstdint>

#include "support/bench.hpp"

namespace skynet {

inline constexpr unsigned kChildren = 10;

/// 111.1 million calls.
inline std::uint64_t leaves() { return perf::size<std::uint64_t>(100'000'000, 1'000); }

inline void verify(std::uint64_t leaves, std::uint64_t result) {
  perf::verify(result == leaves * (leaves - 1) / 2, "skynet");
}

}  // namespace skynet
