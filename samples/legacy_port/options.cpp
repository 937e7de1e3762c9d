#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace legacy_port {
namespace {

unsigned parse_count(const std::string& name, const std::string& text, unsigned most) {
  long value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    throw CLI::ValidationError(name, "'" + text + "' is not a whole number");
  }
  if (value < 0 || value > static_cast<long>(most)) {
    throw CLI::ValidationError(
        name, "'" + text + "' is out of range, which is 0 to " + std::to_string(most));
  }
  return static_cast<unsigned>(value);
}

void take_name(const std::string& option, const std::string& name, std::string& value) {
  if (name.empty()) throw CLI::ValidationError(option, "the name is empty");
  value = name;
}

void add_options(CLI::App& app, Options& o) {
  const auto add = [&app](const std::string& names, const std::string& type,
                          std::function<void(const std::string&)> take, const std::string& help) {
    return app.add_option_function<std::string>(names, std::move(take), help)->type_name(type);
  };
  app.add_option("files", o.files,
                 "Changelogs to read; without any, each changelog*.gz of the packages in --doc")
      ->type_name("FILE");
  add(
      "-d,--database", "FILE",
      [&o](const std::string& s) { take_name("--database", s, o.database); },
      "SQLite database to write; an old one is replaced [changelogs.db]");
  CLI::Option* const doc = add(
      "--doc", "FOLDER", [&o](const std::string& s) { take_name("--doc", s, o.doc); },
      "Where the packages have their folders [/usr/share/doc]");
  add(
      "--workers", "N",
      [&o](const std::string& s) { o.workers = parse_count("--workers", s, 1024); },
      "Workers; 0: as many as this process may use [0]");
  add(
      "--delay", "MS",
      [&o](const std::string& s) {
        o.delay = std::chrono::milliseconds(parse_count("--delay", s, 10000));
      },
      "Each blocking call takes so much longer, as from a slow disk [0]");
  app.add_flag("--unmarked", o.is_unmarked,
               "Block workers without weft::blocking, to see what comes of it");
  app.add_flag("-q,--quiet", o.is_quiet, "Print no report and no warnings");
  app.callback([&o, doc] {
    if (doc->count() > 0 && !o.files.empty()) {
      throw CLI::ValidationError("--doc", "no folder is searched when files are named");
    }
  });
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  CLI::App app{
      "Reads Debian changelogs into an SQLite database and prints who changed what. Old code for "
      "it runs on fibers and in blocking calls."};
  app.name("legacy_port");
  app.get_formatter()->column_width(28);
  add_options(app, result.options);
  // Set again, so that it stands last.
  app.set_help_flag("-h,--help", "Print this and exit");
  app.footer(
      "Exit status: 0 the database was written, 2 an option or a file is wrong, 1 something else "
      "failed,\n130 stopped by Ctrl-C (128 plus the number of such a signal); then no database is "
      "left behind.\n\n"
      "Examples:\n"
      "  legacy_port\n"
      "  legacy_port --database bash.db /usr/share/doc/bash/changelog.Debian.gz\n"
      "  legacy_port --workers 1 --delay 2 --unmarked\n");
  result.exit_status = program::parse_command_line(app, argc, argv);
  return result;
}

}  // namespace legacy_port
