/// @file
/// Text as JSON has it.
#pragma once

#include <string>
#include <string_view>

namespace weft::inline v0 {

/// In quotes. What is no UTF-8, which no reader would take, becomes replacement characters.
[[nodiscard]] std::string quoted_json(std::string_view text);

}  // namespace weft::inline v0
