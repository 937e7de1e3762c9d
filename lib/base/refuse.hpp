/// @file
/// How something that makes no sense is refused.
#pragma once

#include <sstream>

#include <weft/base/error.hpp>

namespace weft::inline v0 {

/// Throws a UsageError whose text is "weft: " and the words, one behind the other.
template <class... Words>
[[noreturn]] void refuse(const Words&... words) {
  std::ostringstream text;
  text << "weft: ";
  (text << ... << words);
  throw UsageError(text.str());
}

}  // namespace weft::inline v0
