/// @file
/// The threads of this process, as the kernel knows them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace weft_test {

/// What /proc says about the threads of this process whose names begin so.
inline std::vector<std::filesystem::path> threads_called(const std::string& beginning) {
  std::vector<std::filesystem::path> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string name;
    std::getline(file, name);
    if (name.starts_with(beginning)) threads.push_back(entry.path());
  }
  return threads;
}

inline std::size_t threads_named(const std::string& beginning) { return threads_called(beginning).size(); }

}  // namespace weft_test
