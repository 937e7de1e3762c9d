/// @file
/// What a reader says of a file that is not what it should be.
#pragma once

#include <string>

#include "program/input_error.hpp"

namespace raytracer_test {

template <class Read>
std::string message_thrown_by(Read read) {
  try {
    read();
  } catch (const program::InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace raytracer_test
