/// @file
/// The command line.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "program/command_line.hpp"

namespace legacy_port {

struct Options {
  /// None: what is found below `doc`.
  std::vector<std::string> files;
  std::string doc = "/usr/share/doc";
  std::string database = "changelogs.db";
  /// Zero: as many as the machine has for this process.
  unsigned workers = 0;
  std::chrono::milliseconds delay{0};
  bool is_unmarked = false;
  bool is_quiet = false;
};

using ParsedOptions = program::Parsed<Options>;

/// Reads the command line. Prints help, or one sentence about a mistake.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace legacy_port
