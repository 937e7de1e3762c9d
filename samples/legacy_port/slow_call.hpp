/// @file
/// How the blocking parts are called.
#pragma once

#include <chrono>
#include <thread>
#include <type_traits>

#include <weft/weft.hpp>

namespace legacy_port {

struct CallMode {
  /// Whether the runtime is told that the call blocks. If not, the call is what it should not be.
  bool is_marked = true;
  /// How much longer each call takes, as from a slow disk or over a network.
  std::chrono::milliseconds delay{0};
};

/// Calls `function`, which blocks its thread. Lifetime: it outlives the task.
template <class Function>
weft::Task<std::invoke_result_t<Function&>> slow_call(CallMode mode, Function& function) {
  const auto call = [mode, &function] {
    if (mode.delay.count() > 0) std::this_thread::sleep_for(mode.delay);
    return function();
  };
  if (!mode.is_marked) co_return call();
  co_return co_await weft::blocking(call);
}

}  // namespace legacy_port
