/// @file
/// Code that each worker of a runtime runs once.
#pragma once

#include <weft/weft.hpp>

#include <latch>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft_test {

/// Options for workers that may block without somebody taking their place.
inline weft::RuntimeOptions bound(weft::PinningStrategy strategy, unsigned workers) {
  return {.workers = workers, .pinning = strategy, .report_blocking_after = {}};
}

/// What the function returned on each worker, by the number of the worker; nothing for one that did not run it. All run it at the same time, so
/// none twice.
///
/// @param spawn     spawn(work, counter): how the work gets to the workers
/// @param function  called with the number of the worker; does not throw
template <class Spawn, class F>
auto on_each_worker(const weft::Runtime& rt, Spawn spawn, F function) {
  using Result = std::invoke_result_t<F&, unsigned>;
  const unsigned count = rt.worker_count();
  std::vector<std::optional<Result>> results(count);
  std::latch all_run(count);
  weft::Counter done;
  for (unsigned i = 0; i < count; ++i) {
    spawn(
        [&] {
          const unsigned worker = weft::WorkerHandle().index();
          if (worker < count) results[worker] = function(worker);
          all_run.arrive_and_wait();
        },
        done);
  }
  done.wait();
  return results;
}

template <class F>
auto in_a_job_of_each_worker(weft::Runtime& rt, F function) {
  return on_each_worker(rt, [&](auto work, weft::Counter& counter) { rt.spawn(std::move(work), counter); }, std::move(function));
}

template <class F>
auto on_a_fiber_of_each_worker(weft::Runtime& rt, F function) {
  return on_each_worker(rt, [&](auto work, weft::Counter& counter) { rt.spawn_fiber(std::move(work), counter); }, std::move(function));
}

}  // namespace weft_test
