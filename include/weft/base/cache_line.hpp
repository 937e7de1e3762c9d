/// @file
/// The distance at which two threads stop disturbing each other.
#pragma once

#include <cstddef>

namespace weft::inline v0 {

/// Bytes between two objects that different threads write.
///
/// Two 64-byte lines: the adjacent-line prefetcher of x86 and the 128-byte lines of some aarch64
/// cores both make neighbours interfere (std::hardware_destructive_interference_size is not used
/// because gcc warns that its value is not stable across compilers, and it would be part of the ABI).
inline constexpr std::size_t kCacheLine = 128;

}  // namespace weft::inline v0
