/// @file
/// Reading a mesh, and what a reader says of a file that is not what it should be.
#pragma once

#include <weft/weft.hpp>

#include <filesystem>
#include <string>

#include "load_mesh.hpp"
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

/// Reads a mesh as the program does, on this thread.
inline raytracer::TriangleMesh load(const std::filesystem::path& path) {
  return weft::sync_wait(raytracer::load_mesh(path));
}

}  // namespace raytracer_test
