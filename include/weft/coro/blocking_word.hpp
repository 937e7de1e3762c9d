/// @file
/// Whether a worker is inside a call that blocks it: one word, between the worker and whoever watches it.
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// The state of a worker's blocking calls.
///
///   bit  0      inside a call
///   bit  1      somebody else may run in the worker's place until it ends
///   bits 2..31  number of the call
///
/// Threads: enter and leave by the worker; the others by one thread at a time.
template <class Policy = HardwareAtomics>
class BasicBlockingWord {
 public:
  using Seen = std::uint32_t;

  void enter() noexcept {
    // [blocking.call] release: what the worker did before is visible to whoever takes its place. relaxed load: only the worker changes the
    // word while it is outside.
    word_.store((word_.load(relaxed) & ~kBits) + kOne + kInside, release);
  }

  /// @return  whether somebody was allowed to run in its place: that has to be taken back
  [[nodiscard]] bool leave() noexcept {
    // relaxed: the number is the worker's own.
    const Seen number = word_.load(relaxed) & ~kBits;
    // [blocking.call] acq_rel: the watcher's step happens before it is taken back.
    return (word_.exchange(number, acq_rel) & kReplaced) != 0;
  }

  /// For is_inside() and try_replace().
  [[nodiscard]] Seen look() const noexcept {
    // [blocking.call] acquire: pairs with enter().
    return word_.load(acquire);
  }

  [[nodiscard]] static constexpr bool is_inside(Seen seen) noexcept { return (seen & kInside) != 0; }
  [[nodiscard]] static constexpr bool is_replaced(Seen seen) noexcept { return (seen & kReplaced) != 0; }

  /// Marks the call that was seen as one in whose place somebody may run. False: it has ended.
  [[nodiscard]] bool try_replace(Seen seen) noexcept {
    // [blocking.call] acq_rel: pairs with leave(), which sees either all of it or nothing. relaxed: nothing is read after a failure.
    return word_.compare_exchange_strong(seen, seen | kReplaced, acq_rel, relaxed);
  }

 private:
  static constexpr Seen kInside = 1;
  static constexpr Seen kReplaced = 2;
  static constexpr Seen kBits = kInside | kReplaced;
  static constexpr Seen kOne = 4;

  typename Policy::template Atomic<Seen> word_{0};
};

using BlockingWord = BasicBlockingWord<>;

}  // namespace weft::inline v0
