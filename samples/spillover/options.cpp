#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <functional>

#include "words.hpp"

namespace spillover {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& text, const std::string& why) {
  std::string words = "'";
  words.append(text).append("' ").append(why);
  throw CLI::ValidationError(name, words);
}

std::uint64_t parse_count(const std::string& name, const std::string& text, std::uint64_t least,
                          std::uint64_t most) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) refuse(name, text, "is not a whole number");
  if (value < static_cast<std::int64_t>(least) || value > static_cast<std::int64_t>(most)) {
    refuse(
        name, text,
        formatted("is out of range, which is %llu to %llu", static_cast<unsigned long long>(least),
                  static_cast<unsigned long long>(most)));
  }
  return static_cast<std::uint64_t>(value);
}

double parse_number(const std::string& name, const std::string& text, double least, double most) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value)) {
    refuse(name, text, "is not a number");
  }
  if (value < least || value > most) {
    refuse(name, text, formatted("is out of range, which is %g to %g", least, most));
  }
  return value;
}

void take_text(const std::string& name, const std::string& text, std::string& value) {
  if (text.empty()) throw CLI::ValidationError(name, "the text is empty");
  value = text;
}

void add_options(CLI::App& app, Options& o) {
  const auto add = [&app](const std::string& names, const std::string& type,
                          std::function<void(const std::string&)> take, const std::string& help) {
    app.add_option_function<std::string>(names, std::move(take), help)->type_name(type);
  };
  const auto add_number = [&add](const std::string& name, const std::string& type, double least,
                                 double most, double factor, double& value,
                                 const std::string& help) {
    add(
        name, type,
        [=, &value](const std::string& s) { value = factor * parse_number(name, s, least, most); },
        help);
  };
  add(
      "-o,--output", "FILE", [&o](const std::string& s) { take_text("--output", s, o.output); },
      "SVG file to write [spillover.svg]");
  add(
      "--trace", "FILE", [&o](const std::string& s) { take_text("--trace", s, o.trace); },
      "JSON file to write, with the tiers of the second run, for https://ui.perfetto.dev");
  add_number("--seconds", "S", 0.5, 3600, 1, o.seconds, "Length of each of the two runs [8]");
  add_number("--least", "PERCENT", 0, 400, 0.01, o.least,
             "Load at the beginning and the end, of what the processors can do [10]");
  add_number("--peak", "PERCENT", 1, 400, 0.01, o.peak, "Load in the middle [90]");
  add(
      "--job-us", "US",
      [&o](const std::string& s) {
        o.job = std::chrono::microseconds(parse_count("--job-us", s, 10, 100'000));
      },
      "Length of a job, in microseconds [200]");
  add(
      "--workers", "N",
      [&o](const std::string& s) {
        o.workers = static_cast<unsigned>(parse_count("--workers", s, 0, 4096));
      },
      "Workers; 0: one for each processor [0]");
  add(
      "--synthetic", "MACHINE",
      [&o](const std::string& s) { take_text("--synthetic", s, o.synthetic); },
      "Plans for another machine, such as \"node:2 l3:2 core:2 pu:2\", on the processors here");
  add(
      "--seed", "N",
      [&o](const std::string& s) { o.seed = parse_count("--seed", s, 0, 0xFFFF'FFFFU); },
      "Chooses other moments at which jobs come [1]");
  app.add_flag("-q,--quiet", o.is_quiet, "Show nothing while the runs go on");
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions result;
  CLI::App app{
      "Runs a load that rises and falls twice, with all workers always open and with tiers that "
      "open as they are needed, and shows what each costs."};
  app.name("spillover");
  app.get_formatter()->column_width(28);
  add_options(app, result.options);
  // Set again, so that it stands last.
  app.set_help_flag("-h,--help", "Print this and exit");
  app.footer(
      "Exit status: 0 the files were written, 2 an option or a file is wrong, 1 something else "
      "failed,\n130 stopped by Ctrl-C (128 plus the number of such a signal), which leaves no file "
      "behind.\n\n"
      "Examples:\n"
      "  spillover --seconds 20 --peak 120\n"
      "  spillover --synthetic \"node:2 l3:2 core:2 pu:2\" --job-us 1000\n"
      "  spillover --trace tiers.json\n");
  result.exit_status = program::parse_command_line(app, argc, argv);
  return result;
}

}  // namespace spillover
