// Writes traces for chrome_json.py: "changes" has one of each kind, "nothing" has no event, "text" takes the runtime's name from the next argument.
#include <weft/obs/trace.hpp>

#include <chrono>
#include <iostream>
#include <locale>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using weft::TierChange;
using weft::TierReason;
using weft::Trace;

namespace {

constexpr std::chrono::steady_clock::time_point kBegan(1h);

/// Groups digits, as the locales of many countries do.
struct Grouping : std::numpunct<char> {
  [[nodiscard]] char do_thousands_sep() const override { return '.'; }
  [[nodiscard]] std::string do_grouping() const override { return "\3"; }
};

Trace nothing() {
  Trace trace;
  trace.name = "idle";
  trace.began = kBegan;
  trace.ended = kBegan + 2s;
  trace.workers = 3;
  trace.at_end.worker_limit = 3;
  return trace;
}

Trace changes() {
  Trace trace = nothing();
  trace.workers = 2008;
  trace.lost = 12;
  trace.at_end.worker_limit = 1500;
  trace.at_end.tiers = {{.name = "home", .first = 0, .count = 4, .is_open = true},
                        {.name = "node", .first = 4, .count = 4, .is_open = true},
                        {.name = "siblings", .first = 8, .count = 2000}};
  trace.events = {
      TierChange{1, 3, 4, 2008, TierReason::WorkWaited, kBegan - 1ms},  // was under way when the trace began
      weft::WorkerLimitChange{2008, 1500, kBegan + 1234567ns},
      TierChange{3, 2, 2008, 8, TierReason::LowLoad, kBegan + 100ms},
      TierChange{2, 3, 8, 2008, TierReason::HighLoad, kBegan + 200ms},
      TierChange{3, 2, 2008, 8, TierReason::LowLoad, kBegan + 1s + 1ns},
  };
  return trace;
}

Trace named(const char* name) {
  Trace trace = nothing();
  trace.name = name;
  trace.at_end.tiers = {{.name = name, .count = 3, .is_open = true}};
  return trace;
}

}  // namespace

int main(int argc, char** argv) {
  std::cout.imbue(std::locale(std::locale::classic(), new Grouping));
  const std::string_view which = argv[1];
  weft::write_chrome_json(std::cout, which == "changes" ? changes() : which == "text" && argc > 2 ? named(argv[2]) : nothing());
  return std::cout.flush() ? 0 : 1;
}
