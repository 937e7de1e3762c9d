/// @file
/// How a task waits for an operation in the background.
#pragma once

#include <stop_token>

#include <weft/base/platform.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>

namespace weft::inline v0 {
namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Waits for an operation in the background; a stop of whoever waits is passed on to `background`, in whose surroundings that operation is.
template <class Background>
Task<> wait_for_background(Background& background, Counter& ended) {
  StopScope* const here = co_await CurrentScope{};
  if (here != nullptr && here != background.around()) {
    const std::stop_callback pass_on(here->token(), [&background]() noexcept { background.request_stop(); });
    co_await ended;
  } else {
    co_await ended;
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail
}  // namespace weft::inline v0
