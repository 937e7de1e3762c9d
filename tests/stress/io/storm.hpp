/// @file
/// Scopes that are left at any moment, while what was begun in them is under way; and how long that takes.
#pragma once

#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "unit/io/backends.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

namespace weft_test {

/// Leaves scopes: by a request to stop from inside or from a task in them, by an exception of a task, or by a time limit around them.
class ScopeLeaver {
 public:
  using Clock = std::chrono::steady_clock;

  /// Lifetime: of `random` longer.
  explicit ScopeLeaver(SeededRandom& random) : random_(random) {}

  /// Calls `begin(group)`, which spawns what is to be stopped, and leaves the group. It returns when all in it has ended.
  template <class Begin>
  weft::Task<> run(Begin begin) {
    std::atomic<Clock::rep> asked{0};
    const bool is_timed = random_.one_in(4);
    try {
      if (is_timed) {
        static_cast<void>(co_await weft::completed_within(in_group(begin, asked), std::chrono::microseconds(random_.below(200))));
      } else {
        co_await in_group(begin, asked);
      }
    } catch (const Over&) {
      // By this the scope was to end.
    }
    if (!is_timed) times_.push_back(Clock::now().time_since_epoch() - Clock::duration(asked.load()));
  }

  /// From each request to stop until its scope had ended.
  [[nodiscard]] const std::vector<Clock::duration>& times() const noexcept { return times_; }

 private:
  /// The error of a child that ends its group.
  struct Over {};

  template <class Begin>
  weft::Task<> in_group(Begin& begin, std::atomic<Clock::rep>& asked) {
    co_await weft::with_task_group([&](weft::TaskGroup& group) -> weft::Task<> {
      const auto ask = [&] {
        Clock::rep none = 0;
        asked.compare_exchange_strong(none, Clock::now().time_since_epoch().count());
      };
      begin(group);
      // By another worker, perhaps, before the last ones have begun.
      if (random_.one_in(4)) {
        group.spawn([&group, ask] {
          ask();
          group.request_stop();
        });
      }
      if (random_.one_in(8)) {
        group.spawn([ask] {
          ask();
          throw Over();
        });
      }
      co_await any_moment();
      ask();
      group.request_stop();
    });
  }

  weft::Task<> any_moment() {
    switch (random_.below(3)) {
      case 0: co_return;
      case 1:
        for (std::uint64_t i = random_.below(20); i > 0; --i) co_await weft::yield();
        co_return;
      default:
        try {
          co_await weft::sleep_for(std::chrono::microseconds(random_.below(200)));
        } catch (const weft::OperationCancelled&) {
          // Somebody else was first.
        }
    }
  }

  SeededRandom& random_;
  std::vector<Clock::duration> times_;
};

/// Whether there is something to take from a socket. What was sent may be on its way still, for the system may deliver by a thread of its own; after
/// so long a time it is lost.
inline bool has_arrived(int socket) {
  constexpr int kPatienceMs = 20'000;
  pollfd readable{socket, POLLIN, 0};
  return ::poll(&readable, 1, kPatienceMs) == 1;
}

/// Says how long the ends of scopes have taken.
inline void report(weft::IoBackend backend, unsigned workers, std::vector<ScopeLeaver::Clock::duration> exits) {
  std::sort(exits.begin(), exits.end());
  const auto share = [&](double part) {
    return std::chrono::duration<double, std::micro>(exits[static_cast<std::size_t>(part * static_cast<double>(exits.size() - 1))]).count();
  };
  std::fprintf(stderr, "%s, %u workers: %zu scopes, from the request to stop to the end: median %.1f us, p99 %.1f us, longest %.1f us\n", name_of(backend),
               workers, exits.size(), share(0.5), share(0.99), share(1));
}

}  // namespace weft_test
