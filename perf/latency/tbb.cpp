/// @file
/// oneTBB: a task_group whose wait() may run the job itself, and enqueue(), which always needs a worker.
#include <tbb/parallel_invoke.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <semaphore>

#include "latency/cases.hpp"

namespace latency {
namespace {

[[maybe_unused]] const bool cold_run = add("cold_run", "tbb", {1, 2}, [](benchmark::State& state, unsigned threads) {
  tbb::task_arena arena(static_cast<int>(threads));
  measure_cold(state, [&arena] {
    return arena.execute([] {
      int says = 0;
      tbb::task_group group;
      group.run_and_wait([&says] { says = 1; });
      return says;
    });
  });
});

[[maybe_unused]] const bool cold_spawn = add("cold_spawn", "tbb", {2}, [](benchmark::State& state, unsigned threads) {
  tbb::task_arena arena(static_cast<int>(threads));
  measure_cold(state, [&arena] {
    int says = 0;
    std::binary_semaphore done(0);
    arena.enqueue([&] {
      says = 1;
      done.release();
    });
    done.acquire();
    return says;
  });
});

[[maybe_unused]] const bool wake = add("wake", "tbb", {2}, [](benchmark::State& state, unsigned threads) {
  tbb::task_arena arena(static_cast<int>(threads));
  measure_hand_over(state, [&arena](Moment& moment) {
    return arena.execute([&moment] {
      std::this_thread::sleep_for(kPause);
      HandOver times;
      tbb::task_group group;
      times.made = Clock::now();
      group.run([&moment] { moment.set(); });
      times.begun = moment.wait_busily();
      group.wait();
      return times;
    });
  });
});

[[maybe_unused]] const bool steal =
    add("steal_from_busy_owner", "tbb", {2}, [](benchmark::State& state, unsigned threads) {
      tbb::task_arena arena(static_cast<int>(threads));
      measure_hand_over(state, [&arena](Moment& moment) {
        return arena.execute([&moment] {
          std::this_thread::sleep_for(kPause);
          HandOver times;
          times.made = Clock::now();
          tbb::parallel_invoke([&] { times.begun = moment.wait_busily(); }, [&] { moment.set(); });
          return times;
        });
      });
    });

}  // namespace
}  // namespace latency
