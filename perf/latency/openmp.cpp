/// @file
/// OpenMP: the other thread of the team waits at its barrier.
#include "latency/cases.hpp"

namespace latency {
namespace {

[[maybe_unused]] const bool cold_run = add("cold_run", "openmp", {2}, [](benchmark::State& state, unsigned threads) {
  measure_cold(state, [threads] {
    std::atomic<unsigned> arrived{0};
#pragma omp parallel num_threads(static_cast<int>(threads)) shared(arrived)
    arrived.fetch_add(1);
    return arrived.load() == threads ? 1 : 0;
  });
});

[[maybe_unused]] const bool wake = add("wake", "openmp", {2}, [](benchmark::State& state, unsigned threads) {
  measure_hand_over(state, [threads](Moment& moment) {
    HandOver times;
#pragma omp parallel num_threads(static_cast<int>(threads)) shared(moment, times)
#pragma omp single
    {
      std::this_thread::sleep_for(kPause);
      times.made = Clock::now();
#pragma omp task shared(moment)
      moment.set();
      times.begun = moment.wait_busily();
    }
    return times;
  });
});

}  // namespace
}  // namespace latency
