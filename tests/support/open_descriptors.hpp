/// @file
/// How many descriptors this process has open. The kernel is asked, since nothing can hide from it.
#pragma once

#include <cstddef>
#include <filesystem>

namespace weft_test {

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count - 1;  // without that of the walk
}

}  // namespace weft_test
