/// @file
/// The command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "program/command_line.hpp"

namespace spillover {

struct Options {
  double seconds = 8;
  /// Shares of the machine.
  double least = 0.1;
  double peak = 0.9;
  std::chrono::microseconds job{200};
  /// Zero: one for each processor.
  unsigned workers = 0;
  /// Empty: this machine.
  std::string synthetic;
  std::uint64_t seed = 1;
  std::string output = "spillover.svg";
  /// Empty: none.
  std::string trace;
  bool is_quiet = false;
};

using ParsedOptions = program::Parsed<Options>;

/// Reads the command line. Prints help, or one sentence about a mistake.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace spillover
