/// @file
/// Counts what this program allocates.
#pragma once

#include <cstdint>

namespace fibers {

/// How often any thread has called operator new so far.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace fibers
