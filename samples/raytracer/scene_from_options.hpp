/// @file
/// The scene and camera that the command line asks for.
#pragma once

#include <string>
#include <vector>

#include <weft/coro/task.hpp>

#include "options.hpp"
#include "setup.hpp"

namespace raytracer {

struct LoadedSetup {
  Setup setup;
  std::vector<std::string> warnings;
};

/// Reads or makes the scene and places the camera. Its tree is not built yet.
///
/// Lifetime: the options stay until it has ended.
/// Errors:   InputError.
[[nodiscard]] weft::Task<LoadedSetup> load_setup(const Options& options);

}  // namespace raytracer
