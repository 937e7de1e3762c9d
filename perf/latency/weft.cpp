/// @file
/// weft: Runtime::run, spawn with a Counter, when_all and parallel_invoke.
#include <weft/weft.hpp>

#include "latency/cases.hpp"

namespace latency {
namespace {

using weft::Task;

[[maybe_unused]] const bool cold_run = add("cold_run", "weft", {1, 2}, [](benchmark::State& state, unsigned threads) {
  weft::Runtime runtime{{.workers = threads}};
  measure_cold(state, [&runtime] { return runtime.run([] { return 1; }); });
});

[[maybe_unused]] const bool cold_spawn =
    add("cold_spawn", "weft", {1, 2}, [](benchmark::State& state, unsigned threads) {
      weft::Runtime runtime{{.workers = threads}};
      measure_cold(state, [&runtime] {
        int says = 0;
        weft::Counter unfinished;
        runtime.spawn([&says] { says = 1; }, unfinished);
        unfinished.wait();
        return says;
      });
    });

/// Spawns, then stays busy until the job has begun elsewhere.
HandOver spawn_and_stay_busy(Moment& moment) {
  std::this_thread::sleep_for(kPause);  // the other worker falls asleep
  HandOver times;
  times.made = Clock::now();
  weft::spawn_detached([&moment] { moment.set(); });
  times.begun = moment.wait_busily();
  return times;
}

[[maybe_unused]] const bool wake = add("wake", "weft", {2}, [](benchmark::State& state, unsigned threads) {
  weft::Runtime runtime{{.workers = threads}};
  measure_hand_over(state,
                    [&runtime](Moment& moment) { return runtime.run([&] { return spawn_and_stay_busy(moment); }); });
});

Task<> stay_busy(Moment& moment, HandOver& times) {
  times.begun = moment.wait_busily();
  co_return;
}

Task<> set(Moment& moment) {
  moment.set();
  co_return;
}

Task<HandOver> fork_and_stay_busy(Moment& moment) {
  std::this_thread::sleep_for(kPause);
  HandOver times;
  times.made = Clock::now();
  co_await weft::when_all(stay_busy(moment, times), set(moment));
  co_return times;
}

HandOver invoke_and_stay_busy(Moment& moment) {
  std::this_thread::sleep_for(kPause);
  HandOver times;
  times.made = Clock::now();
  weft::parallel_invoke([&] { times.begun = moment.wait_busily(); }, [&] { moment.set(); });
  return times;
}

[[maybe_unused]] const bool steal =
    add("steal_from_busy_owner", "weft", {2}, [](benchmark::State& state, unsigned threads) {
      weft::Runtime runtime{{.workers = threads}};
      measure_hand_over(state, [&runtime](Moment& moment) { return runtime.run(fork_and_stay_busy(moment)); });
    });

[[maybe_unused]] const bool steal_invoke =
    add("steal_from_busy_owner", "weft-invoke", {2}, [](benchmark::State& state, unsigned threads) {
      weft::Runtime runtime{{.workers = threads}};
      measure_hand_over(state,
                        [&runtime](Moment& moment) { return runtime.run([&] { return invoke_and_stay_busy(moment); }); });
    });

}  // namespace
}  // namespace latency
