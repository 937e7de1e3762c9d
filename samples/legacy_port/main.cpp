/// @file
/// Old blocking code as fibers and blocking calls: changelogs, zlib and SQLite.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "import.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "program/command_line.hpp"
#include "program/counted.hpp"
#include "program/interrupt_watch.hpp"
#include "program/output_file.hpp"
#include "program/standard_streams.hpp"
#include "report.hpp"
#include "store.hpp"
#include "ticker.hpp"

namespace legacy_port {

using program::counted;

namespace {

// Each has a file open.
constexpr unsigned kMostLanes = 64;

/// What there is to print when the database is in its place.
struct Outcome {
  ImportResult imported;
  std::vector<Section> sections;
  Lateness lateness;
};

weft::Task<Outcome> import_and_ask(Import& import, Store& store, CallMode calls) {
  Outcome outcome;
  outcome.imported = co_await import.run();
  const auto ask = [&store] { return query_report(store); };
  outcome.sections = co_await slow_call(calls, ask);
  co_return outcome;
}

weft::RuntimeOptions runtime_options(const Options& options) {
  weft::RuntimeOptions result;
  result.workers = options.workers;
  // Earlier than most programs would, to show where workers are blocked unmarked.
  if (options.is_unmarked) result.report_blocking_after = std::chrono::milliseconds(20);
  return result;
}

void print_outcome(const Options& options, const Outcome& outcome, CallMode calls) {
  const ImportResult& imported = outcome.imported;
  if (!options.is_quiet) {
    for (const std::string& warning : imported.warnings) {
      std::fprintf(stderr, "legacy_port: warning: %s\n", warning.c_str());
    }
    print_report(outcome.sections);
  }
  program::finish_standard_output();
  if (options.is_quiet) return;
  std::fprintf(stderr, "legacy_port: wrote %s: %s, %s, %s closed", options.database.c_str(),
               counted(imported.files, "file").c_str(),
               counted(imported.entries, "entry", "entries").c_str(),
               counted(imported.bugs, "bug").c_str());
  if (imported.passed_over > 0) {
    std::fprintf(stderr, "; %s in another format",
                 counted(imported.passed_over, "file is", "files are").c_str());
  }
  if (imported.broken_off > 0) {
    std::fprintf(stderr, "; %s on in another format",
                 counted(imported.broken_off, "goes", "go").c_str());
  }
  std::fprintf(stderr, "\nlegacy_port: %s\n", describe(outcome.lateness, calls).c_str());
}

int run(const Options& options) {
  const program::InterruptWatch interrupts(program::remove_unfinished_files);
  check_replaceable(options.database);
  program::OutputFile file(options.database);
  const bool is_search = options.files.empty();
  const std::vector<std::string> files = is_search ? find_changelogs(options.doc) : options.files;
  Store store(file.temporary().string(), options.database);

  weft::Runtime runtime(runtime_options(options));
  ImportSettings settings;
  settings.calls = {.is_marked = !options.is_unmarked, .delay = options.delay};
  settings.is_lenient = is_search;
  settings.lanes = std::min(4 * runtime.worker_count(), kMostLanes);
  settings.stop = interrupts.stop_token();
  Import import(store, files, settings);
  Ticker ticker(runtime);
  Outcome outcome = runtime.run(import_and_ask(import, store, settings.calls));
  ticker.stop();
  outcome.lateness = ticker.lateness();

  store.close();
  if (interrupts.caught() != 0) return 128 + interrupts.caught();
  file.commit();
  print_outcome(options, outcome, settings.calls);
  return 0;
}

}  // namespace
}  // namespace legacy_port

int main(int argc, char** argv) {
  using namespace legacy_port;
  return program::run_program("legacy_port", [&] {
    const ParsedOptions parsed = parse_options(argc, argv);
    return parsed.exit_status ? *parsed.exit_status : run(parsed.options);
  });
}
