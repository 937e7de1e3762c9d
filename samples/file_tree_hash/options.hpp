/// @file
/// The command line.
#pragma once

#include <string>
#include <vector>

#include <weft/base/io_backend.hpp>

#include "program/command_line.hpp"

namespace file_tree_hash {

struct Options {
  /// Files, and folders with all that is below them.
  std::vector<std::string> paths;
  /// Zero: as many as the machine has for this process.
  unsigned workers = 0;
  weft::IoBackend backend = weft::IoBackend::Auto;
  bool shows_progress = false;
};

using ParsedOptions = program::Parsed<Options>;

/// Reads the command line. Prints help, or one sentence about a mistake.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace file_tree_hash
