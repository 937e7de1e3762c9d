/// @file
/// Sizes in whole units: pages, blocks.
#pragma once

#include <cstddef>

namespace weft::inline v0 {

/// The next multiple of `unit`, or `bytes` if it is one.
constexpr std::size_t rounded_up(std::size_t bytes, std::size_t unit) noexcept { return (bytes + unit - 1) / unit * unit; }

}  // namespace weft::inline v0
