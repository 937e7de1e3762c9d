/// @file
/// Amounts of memory as people write them: "64G", "32M", "512K", "4096".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::inline v0 {

[[nodiscard]] std::optional<std::uint64_t> parse_memory_size(std::string_view text);

/// The largest unit that leaves a whole number.
[[nodiscard]] std::string format_memory_size(std::uint64_t bytes);

}  // namespace weft::inline v0
