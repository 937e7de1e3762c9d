/// @file
/// Lists of numbers as the kernel writes them: "0-3,8,10-14:2".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::inline v0 {

/// Numbers beyond are refused: the kernel's own limit is 8192.
inline constexpr unsigned kLargestCpu = (1U << 20) - 1;

/// In the order in which they are written. Nothing: it is no such list, or names a number twice.
[[nodiscard]] std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

/// Short, in the order given.
[[nodiscard]] std::string format_cpu_list(const std::vector<unsigned>& numbers);

}  // namespace weft::inline v0
