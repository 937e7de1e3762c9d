/// @file
/// From the command line to the exit status.
#pragma once

#include <functional>
#include <optional>

namespace CLI {
class App;
}

namespace program {

/// The status for mistakes of the user: options and files.
inline constexpr int kUsageStatus = 2;

/// What to do with a command line: go on, or end with a status because all was said.
template <class Options>
struct Parsed {
  Options options;
  std::optional<int> exit_status;
};

/// Reads the command line into the options of `app`, with whose name messages begin. Prints help,
/// or one sentence about a mistake, and gives the status to end with then.
[[nodiscard]] std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

/// Gives the exit status of `run`, for main() to return. What it throws is one sentence on standard
/// error: an InputError has kUsageStatus, anything else 1.
[[nodiscard]] int run_program(const char* name, const std::function<int()>& run);

}  // namespace program
