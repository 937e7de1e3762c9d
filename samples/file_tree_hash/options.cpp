#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "program/io_backend_option.hpp"

namespace file_tree_hash {
namespace {

constexpr unsigned kMostWorkers = 1024;

unsigned parse_workers(const std::string& text) {
  long value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    throw CLI::ValidationError("--workers", "'" + text + "' is not a whole number");
  }
  if (value < 0 || value > static_cast<long>(kMostWorkers)) {
    throw CLI::ValidationError("--workers", "'" + text + "' is out of range, which is 0 to 1024");
  }
  return static_cast<unsigned>(value);
}

void add_options(CLI::App& app, Options& o) {
  const auto add = [&app](const std::string& name, const std::string& type,
                          std::function<void(const std::string&)> take, const std::string& help) {
    app.add_option_function<std::string>(name, std::move(take), help)->type_name(type);
  };
  app.add_option("paths", o.paths, "Files, and folders with all files below them [.]")
      ->type_name("PATH");
  add(
      "--workers", "N", [&o](const std::string& s) { o.workers = parse_workers(s); },
      "Workers; 0: as many as this process may use [0]");
  program::add_io_backend_option(app, o.backend, "How files are read");
  app.add_flag("--progress", o.shows_progress,
               "Show on standard error, if that is a terminal, how far it is");
  app.callback([&o] {
    for (const std::string& path : o.paths) {
      if (path.empty()) throw CLI::ValidationError("paths", "a name is empty");
    }
    if (o.paths.empty()) o.paths.emplace_back(".");
  });
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  CLI::App app{
      "Prints the SHA-256 of all files below folders, sorted by path, as sha256sum does. Files are "
      "read by weft's I/O layer and hashed on all its workers."};
  app.name("file_tree_hash");
  app.get_formatter()->column_width(28);
  add_options(app, result.options);
  // Set again, so that it stands last.
  app.set_help_flag("-h,--help", "Print this and exit");
  app.footer(
      "Exit status: 0 all files were hashed, 1 some could not be read or something else failed,\n"
      "2 an option is wrong, 130 stopped by Ctrl-C (128 plus the number of such a signal).\n\n"
      "Examples:\n"
      "  file_tree_hash /usr/include > sums\n"
      "  file_tree_hash --progress --workers 4 --io-backend epoll ~/photos\n");
  result.exit_status = program::parse_command_line(app, argc, argv);
  return result;
}

}  // namespace file_tree_hash
