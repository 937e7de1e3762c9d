/// @file
/// A task that does nothing but wait for a stop request.
#pragma once

#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>

namespace weft_test {

/// Yields until the awaiting task is asked to stop.
///
/// The answer is named before it is tested: gcc 12 loses its way in a loop whose condition awaits a temporary.
inline weft::Task<> until_stopped() {
  bool is_stopped = co_await weft::this_task::stop_requested();
  while (!is_stopped) {
    co_await weft::yield();
    is_stopped = co_await weft::this_task::stop_requested();
  }
}

}  // namespace weft_test
