// Stopping: the losers of when_any, what a stop source was given to, and a whole runtime.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <stop_token>
#include <thread>
#include <variant>

#include <weft/weft.hpp>

using weft::Task;
namespace this_task = weft::this_task;

namespace {

/// Looks for a divisor of n among first, first + step, ...; a stop request makes stop_point throw.
Task<std::uint64_t> find_divisor(std::uint64_t n, std::uint64_t first, std::uint64_t step) {
  for (std::uint64_t divisor = first;; divisor += step) {
    if (divisor % 1024 < step) {
      co_await this_task::stop_point();
      co_await weft::yield();
    }
    if (n % divisor == 0) co_return divisor;
  }
}

/// Nobody passes a token by hand: the loser learns from its fork that it should stop.
Task<std::uint64_t> race(std::uint64_t n) {
  const auto first = co_await weft::when_any(find_divisor(n, 3, 4), find_divisor(n, 5, 4));
  co_return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
}

/// Asks instead of throwing, for work that has something to finish.
Task<int> count_until_stopped() {
  int rounds = 0;
  // gcc 12 miscompiles some loops whose condition awaits, so the answer has a name.
  bool is_stopped = co_await this_task::stop_requested();
  while (!is_stopped) {
    ++rounds;
    co_await weft::yield();
    is_stopped = co_await this_task::stop_requested();
  }
  co_return rounds;
}

}  // namespace

int main() {
  using namespace std::chrono_literals;
  weft::Runtime rt;
  const std::uint64_t divisor = rt.run(race(1'000'003ULL * 1'000'033ULL));

  std::stop_source stop;
  auto counted = rt.spawn(count_until_stopped(), {.stop = stop.get_token()});
  auto searching = rt.spawn(find_divisor(1, 2, 1), {.stop = stop.get_token()});  // finds nothing
  std::this_thread::sleep_for(2ms);
  stop.request_stop();
  const int rounds = counted.wait();
  bool is_cancelled = false;
  try {
    searching.wait();
  } catch (const weft::OperationCancelled&) {
    is_cancelled = true;
  }

  rt.spawn_detached(count_until_stopped());
  const weft::ShutdownReport left =
      rt.shutdown(weft::Shutdown::Cancel, std::chrono::steady_clock::now() + 5s);
  std::cout << "a divisor: " << divisor << "; rounds before the stop: " << rounds
            << "; tasks left: " << left.remaining << '\n';
  const bool is_divisor = divisor == 1'000'003 || divisor == 1'000'033;
  return is_divisor && is_cancelled && left.is_complete() ? 0 : 1;
}
