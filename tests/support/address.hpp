/// @file
/// Where a block lies, as a number to compare and divide.
#pragma once

#include <cstdint>

namespace weft_test {

inline std::uintptr_t address(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

}  // namespace weft_test
