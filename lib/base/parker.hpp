/// @file
/// Blocks one worker's thread until somebody releases it.
#pragma once

#include <cstdint>

#include "base/futex.hpp"
#include "base/poller.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// A token: unpark() leaves it, park() takes it and waits while there is none.
///
/// Threads: unpark by any; the others by one thread, whose the parker is.
template <class Policy>
class BasicParker {
 public:
  using Poller = typename Policy::Poller;

  /// From here on park_until() sleeps in the poller, so that it also ends when an operation has.
  void sleep_in(Poller& poller) noexcept {
    // [parker.poller] release: the poller is complete before somebody notifies it; partner: unpark().
    poller_.store(&poller, release);
  }
  // relaxed: asked by the thread that has set it.
  [[nodiscard]] Poller* poller() const noexcept { return poller_.load(relaxed); }

  /// Pre: there is no poller.
  void park() noexcept {
    while (!take()) Policy::futex_wait(token_, kNone);
  }

  /// The same until a time on the steady clock, in ns, which may be kNeverNs. False: there was no token, and the time has come, or, in a poller,
  /// there may be something to look at.
  [[nodiscard]] bool park_until(std::int64_t until_ns) noexcept {
    if (Poller* const in = poller()) return park_in(*in, until_ns);
    while (!take()) {
      if (!Policy::futex_wait_until(token_, kNone, until_ns)) return take();
    }
    return true;
  }

  void unpark() noexcept {
    // [parker.token] release: pairs with take().
    if (token_.exchange(kLeft, release) != kNone) return;
    // [parker.poller] acquire: pairs with sleep_in(). Who has claimed a thread that sleeps in its poller sees it, for that was before; who sees none has
    // claimed the thread before it had one, and it has taken the token since, or takes it when the futex wakes it.
    if (Poller* const in = poller_.load(acquire)) return in->notify();
    Policy::futex_wake(&token_, 1);
  }

 private:
  [[nodiscard]] bool park_in(Poller& in, std::int64_t until_ns) noexcept {
    if (take()) return true;
    in.begin_sleep();
    // relaxed: who has left a token before begin_sleep() is seen here, and who leaves it later ends the wait: notify() follows the token.
    if (token_.load(relaxed) == kNone) in.wait(until_ns);
    in.end_sleep();
    return take();
  }

  [[nodiscard]] bool take() noexcept {
    // [parker.token] acquire: what the waker did happens before the worker looks for it; partner: unpark().
    return token_.exchange(kNone, acquire) != kNone;
  }

  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kLeft = 1;
  typename Policy::template Atomic<std::uint32_t> token_{kNone};
  typename Policy::template Atomic<Poller*> poller_{nullptr};
};

/// The policy that ships.
struct ParkerPolicy : HardwareAtomics {
  using Poller = v0::Poller;
  static void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
    v0::futex_wait(word, expected);
  }
  static bool futex_wait_until(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t until_ns) noexcept {
    return v0::futex_wait_until(word, expected, until_ns);
  }
  static void futex_wake(const Atomic<std::uint32_t>* word, int count) noexcept { v0::futex_wake(word, count); }
};

using Parker = BasicParker<ParkerPolicy>;

}  // namespace weft::inline v0
