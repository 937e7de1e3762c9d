/// @file
/// Whose clock it is.
#pragma once

#include <weft/base/error.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0::detail {

/// The worker that runs this code. Errors: UsageError where there is none.
inline WorkerContext& worker_with_timers() {
  WorkerContext* const worker = current_worker();
  if (worker == nullptr) {
    throw UsageError(
        "weft: a sleep (sleep_for, sleep_until, interval or timeout) was awaited on a thread that is no worker, and so has nobody who looks at the "
        "clock: await it in a task that runs on a Runtime or inside sync_wait");
  }
  return *worker;
}

}  // namespace weft::inline v0::detail
