// The main function of unit and stress tests: Catch2's, plus --seed and --seconds, plus one TAP line for each test case
// on standard output when meson asks for it (WEFT_TAP=1), so that the summary counts cases and names the failed ones.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "support/test_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace weft_test {

namespace {
Options options_of_this_run;
bool tap = false;
}  // namespace

const Options& options() { return options_of_this_run; }

namespace {

/// Prints `ok N - name` or `not ok N - name` at the end of each case, and the plan at the end of the run.
class TapListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    TestEventListenerBase::testCaseStarting(info);
    if (tap) std::fprintf(stderr, "case: %s\n", info.name.c_str());
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (!tap) return;
    ++count_;
    std::string name = stats.testInfo.name;
    for (char& c : name) {
      if (c == '#' || c == '\n') c = ' ';  // '#' starts a directive in TAP
    }
    std::printf("%s %d - %s\n", stats.totals.assertions.allOk() ? "ok" : "not ok", count_, name.c_str());
    std::fflush(stdout);
  }

  void testRunEnded(const Catch::TestRunStats&) override {
    if (tap) std::printf("1..%d\n", count_);
  }

 private:
  int count_ = 0;
};

CATCH_REGISTER_LISTENER(TapListener)

}  // namespace
}  // namespace weft_test

int main(int argc, char** argv) {
  using namespace weft_test;
  const char* wants_tap = std::getenv("WEFT_TAP");
  tap = wants_tap != nullptr && wants_tap[0] == '1';
  options_of_this_run.seed = std::random_device{}();

  Catch::Session session;
  auto cli = session.cli() |
             Catch::clara::Opt(options_of_this_run.seed, "number")["--seed"]("repeat a stress run") |
             Catch::clara::Opt(options_of_this_run.seconds, "number")["--seconds"](
                 "how long each stress case runs, about");
  session.cli(cli);
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  if (tap) session.configData().outputFilename = "/dev/stderr";
  if (kPrintSeed) {
    std::fprintf(stderr, "seed: %llu (repeat with --seed)\n",
                 static_cast<unsigned long long>(options_of_this_run.seed));
  }
  return session.run();
}
