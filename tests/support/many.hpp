/// @file
/// How often a test repeats what costs nanoseconds: less under a sanitizer, which makes it ten times slower.
#pragma once

#include <weft/base/platform.hpp>

namespace weft_test {

inline constexpr bool kSanitized = WEFT_ASAN != 0 || WEFT_TSAN != 0;
inline constexpr int kManyHops = kSanitized ? 1'000'000 : 10'000'000;
/// For what is promised in every build mode, at whatever price.
inline constexpr int kTenMillion = 10'000'000;

}  // namespace weft_test
