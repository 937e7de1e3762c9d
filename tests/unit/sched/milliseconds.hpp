/// @file
/// A unit for the times that tests make up.
#pragma once

#include <cstdint>

namespace weft_test {

inline constexpr std::int64_t kMs = 1'000'000;  // in nanoseconds

}  // namespace weft_test
