/// @file
/// Blocks one worker's thread until somebody releases it.
#pragma once

#include <cstdint>

#include "base/futex.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// A token: unpark() leaves it, park() takes it and waits while there is none.
///
/// Threads: park by one thread at a time, unpark by any.
template <class Policy>
class BasicParker {
 public:
  void park() noexcept {
    while (!take()) Policy::futex_wait(token_, kNone);
  }

  /// The same until a time on the steady clock, in ns. False: it has come, and there was no token.
  [[nodiscard]] bool park_until(std::int64_t until_ns) noexcept {
    while (!take()) {
      if (!Policy::futex_wait_until(token_, kNone, until_ns)) return take();
    }
    return true;
  }

  void unpark() noexcept {
    // [parker.token] release: pairs with take().
    if (token_.exchange(kLeft, release) == kNone) Policy::futex_wake(&token_, 1);
  }

 private:
  [[nodiscard]] bool take() noexcept {
    // [parker.token] acquire: what the waker did happens before the worker looks for it; partner: unpark().
    return token_.exchange(kNone, acquire) != kNone;
  }

  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kLeft = 1;
  typename Policy::template Atomic<std::uint32_t> token_{kNone};
};

/// The policy that ships.
struct ParkerPolicy : HardwareAtomics {
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
