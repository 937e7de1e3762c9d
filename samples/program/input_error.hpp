/// @file
/// What a reader throws when a file is not what it should be.
#pragma once

#include <stdexcept>
#include <string>

namespace program {

/// Carries one sentence that names the file and says what is wrong with it.
class InputError : public std::runtime_error {
 public:
  InputError(const std::string& file, const std::string& what)
      : std::runtime_error(file + ": " + what) {}
};

}  // namespace program
