// The main function of unit and stress tests: Catch2's, plus --seed and --seconds, plus one TAP line for each test case
// on standard output when meson asks for it (WEFT_TAP=1), so that the summary counts cases and names the failed ones.
// The long suite asks for more seconds by WEFT_LONG=1.
#define CATCH_CONFIG_RUNNER
#include <weft/base/platform.hpp>

// A sanitizer ends its report with abort(), some of its locks held. Catch2's handler for that signal allocates, which needs
// them: the program would hang until meson's time limit instead of failing at once.
#if WEFT_ASAN || WEFT_TSAN
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#endif
#include <catch2/catch.hpp>
#include <weft/mem/frame_cache.hpp>

#include "support/skip.hpp"
#include "support/test_options.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>

namespace weft_test {

namespace {
Options options_of_this_run;
bool tap = false;
std::string skipped_because;  // the case that runs; empty if it is not skipped
bool has_any_lost_frames = false;

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && value[0] == '1';
}
}  // namespace

const Options& options() { return options_of_this_run; }

void skip(std::string reason) {
  std::fprintf(stderr, "skipped: %s\n", reason.c_str());
  skipped_because = std::move(reason);
}

namespace {

/// Prints `ok N - name` or `not ok N - name` at the end of each case, and the plan at the end of the run. A case that leaves frames
/// of coroutines behind has failed, whatever else it has checked.
class TapListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    TestEventListenerBase::testCaseStarting(info);
    skipped_because.clear();
    frames_before_ = weft::frame_memory_outstanding();
    if (tap) std::fprintf(stderr, "case: %s\n", info.name.c_str());
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const std::size_t frames = weft::frame_memory_outstanding();
    const bool has_lost_frames = frames != frames_before_;
    if (has_lost_frames) {
      has_any_lost_frames = true;
      std::fprintf(stderr, "%s: %zu frames before, %zu after\n", stats.testInfo.name.c_str(), frames_before_, frames);
    }
    if (!tap) return;
    ++count_;
    std::string name = stats.testInfo.name;
    for (char& c : name) {
      if (c == '#' || c == '\n') c = ' ';  // '#' starts a directive in TAP
    }
    const bool is_good = stats.totals.assertions.allOk() && !has_lost_frames;
    if (is_good && !skipped_because.empty()) name += " # SKIP " + skipped_because;
    std::printf("%s %d - %s\n", is_good ? "ok" : "not ok", count_, name.c_str());
    std::fflush(stdout);
  }

  void testRunEnded(const Catch::TestRunStats&) override {
    if (tap) std::printf("1..%d\n", count_);
  }

 private:
  int count_ = 0;
  std::size_t frames_before_ = 0;
};

CATCH_REGISTER_LISTENER(TapListener)

}  // namespace
}  // namespace weft_test

int main(int argc, char** argv) {
  using namespace weft_test;
  tap = is_set("WEFT_TAP");
  options_of_this_run.seed = std::random_device{}();

  Catch::Session session;
  auto cli = session.cli() |
             Catch::clara::Opt(options_of_this_run.seed, "number")["--seed"]("repeat a stress run") |
             Catch::clara::Opt(options_of_this_run.seconds, "number")["--seconds"](
                 "how long each stress case runs, about");
  session.cli(cli);
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  options_of_this_run.is_long = is_set("WEFT_LONG");
  if (options_of_this_run.is_long) options_of_this_run.seconds *= kLongFactor;
  if (tap) session.configData().outputFilename = "/dev/stderr";
  std::fprintf(stderr, "seed: %llu (repeat with --seed)\n", static_cast<unsigned long long>(options_of_this_run.seed));
  const int status = session.run();
  return status == 0 && has_any_lost_frames ? 1 : status;
}
