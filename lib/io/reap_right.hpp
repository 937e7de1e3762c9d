/// @file
/// Who may take completions out of a ring.
#pragma once

#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

/// The right to take completions out of a ring, for one at a time: the ring's owner, or somebody who looks into it for an owner that is busy. A wake-up
/// is a completion too, and meant for the owner alone, which may be going to sleep by then. (lib/io/README.md, "asleep in the kernel")
///
/// R1: an owner that sleeps is woken by each wake-up that was put into its ring since its last look.
template <class Policy>
class BasicReapRight {
 public:
  /// False: somebody else has it.
  [[nodiscard]] bool try_take() noexcept {
    // [uring.reap] acquire: what the last one who had it has written; partner: give_back().
    return !is_taken_.exchange(true, acquire);
  }
  void give_back() noexcept {
    // [uring.reap] release: pairs with try_take().
    is_taken_.store(false, release);
  }

  /// By somebody else than the owner, who has taken a wake-up. Pre: has the right.
  void note_wake_up() noexcept { is_wake_up_taken_ = true; }

  /// By the owner: calls `wait`, which sleeps until there is a completion, unless a wake-up was taken since the last time, or somebody takes completions
  /// just now. Nobody else does meanwhile.
  template <class Wait>
  void sleep(Wait wait) noexcept {
    if (!try_take()) return;
    const bool is_awake = is_wake_up_taken_;
    is_wake_up_taken_ = false;
    if (!is_awake) wait();
    give_back();
  }

 private:
  typename Policy::template Atomic<bool> is_taken_{false};
  typename Policy::template Plain<bool> is_wake_up_taken_{false};
};

using ReapRight = BasicReapRight<HardwareAtomics>;

}  // namespace weft::inline v0::detail
