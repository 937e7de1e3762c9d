// Waiting for a time: sleeps, intervals, and timeouts that reach whatever they are around; and how that is tested. Nobody's thread is blocked meanwhile.
#include <weft/weft.hpp>

#include <chrono>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using weft::Task;

// A server that takes longer each time.
Task<std::string> ask_server(int attempt) {
  co_await weft::sleep_for(attempt * attempt * 4ms);
  co_return "answer " + std::to_string(attempt);
}

// Each attempt has 25 ms, and all of them what is left of the caller's time.
Task<> ask_again_and_again() {
  for (int attempt = 1; attempt <= 3; ++attempt) {
    if (const auto answer = co_await weft::completed_within(ask_server(attempt), 25ms)) {
      std::printf("%s\n", answer->c_str());
    } else {
      std::printf("attempt %d took too long\n", attempt);
    }
  }
  const auto deadline = co_await weft::this_task::deadline();
  std::printf("this task %s a deadline\n", deadline ? "has" : "does not have");
}

Task<> tick() {
  weft::Interval beat = weft::interval(5ms);
  for (int i = 1; i <= 3; ++i) {
    co_await beat.tick();
    std::printf("tick %d\n", i);
  }
}

// Something that takes a day.
Task<int> beat_each_hour() {
  int beats = 0;
  for (const auto end = weft::now() + 24h; weft::now() < end; ++beats) co_await weft::sleep_for(1h);
  co_return beats;
}

// Its test does not: when nothing is left to do but to wait, the clock goes on by itself.
bool test_beats() {
  weft::ManualClock clock;
  weft::Runtime rt{{.is_stepped = true, .clock = &clock}};
  const int beats = rt.run(beat_each_hour());
  std::printf("%d beats\n", beats);
  return beats == 24;
}

Task<> for_ever() { co_await weft::sleep_for(24h); }

int main() {
  weft::Runtime rt;
  rt.run(tick());
  rt.run(weft::timeout(ask_again_and_again(), 10s));
  try {
    rt.run(weft::timeout(for_ever(), 5ms));
  } catch (const weft::TimeoutError& error) {
    std::printf("%s\n", error.what());
  }
  return test_beats() ? 0 : 1;
}
