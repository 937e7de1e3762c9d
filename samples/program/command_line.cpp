#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "input_error.hpp"
#include "standard_streams.hpp"

namespace program {

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    finish_standard_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
    return kUsageStatus;
  }
  return std::nullopt;
}

int run_program(const char* name, const std::function<int()>& run) {
  occupy_standard_streams();
  // A file that may not grow any more (ulimit -f) is a failed write then, with a sentence.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run();
  } catch (const InputError& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return kUsageStatus;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: there is not enough memory for this\n", name);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  }
  return 1;
}

}  // namespace program
