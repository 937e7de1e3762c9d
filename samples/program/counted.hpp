/// @file
/// Numbers of things, as people write them.
#pragma once

#include <cstddef>
#include <string>

namespace program {

/// "1 job", "2 jobs"; "1 entry", "2 entries" with a plural of its own.
[[nodiscard]] inline std::string counted(std::size_t count, const std::string& one,
                                         const std::string& many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}
[[nodiscard]] inline std::string counted(std::size_t count, const std::string& thing) {
  return counted(count, thing, thing + 's');
}

}  // namespace program
