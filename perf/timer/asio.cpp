/// @file
/// Asio: coroutines with a steady_timer each, on one thread that nobody else shares.
#include <asio.hpp>

#include "timer/cases.hpp"

namespace timer {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> sleeper(Clock::time_point until, Ends& ends) {
  asio::steady_timer timer(co_await asio::this_coro::executor, until);
  co_await timer.async_wait(asio::use_awaitable);
  ends.count(until);
}

[[maybe_unused]] const bool sleepers = add_sleepers("asio", [](const auto& times, Ends& ends, auto asleep) {
  asio::io_context context(1);
  for (const Clock::time_point time : times) asio::co_spawn(context, sleeper(time, ends), asio::detached);
  context.poll();
  asleep();
  context.run();
});

// A callback: what coroutines wait for is a timer and something else, which `operator||` of Asio makes coroutines of their own for.
[[maybe_unused]] const bool cancelled = add_cancelled("asio-callback", [](std::size_t count) {
  asio::io_context context(1);
  asio::steady_timer timer(context);
  std::size_t ended = 0;
  for (std::size_t i = 0; i < count; ++i) {
    timer.expires_after(1h);
    timer.async_wait([&ended](const asio::error_code& error) { ended += error == asio::error::operation_aborted; });
    timer.cancel();
    context.restart();
    context.poll();
  }
  return ended;
});

}  // namespace
}  // namespace timer
