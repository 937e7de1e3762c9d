/// @file
/// What this process uses. The kernel is asked, since nothing can hide from it.
#pragma once

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace weft_test {

inline double resident_bytes() {
  // The rollup is exact, where the figures of /proc/self/statm lag behind by some pages for each thread.
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    if (double kilobytes = 0; word == "Rss:" && file >> kilobytes) return kilobytes * 1024;
  }
  throw std::runtime_error("/proc/self/smaps_rollup does not tell the resident memory");
}

inline std::size_t mappings() {
  std::ifstream file("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

}  // namespace weft_test
