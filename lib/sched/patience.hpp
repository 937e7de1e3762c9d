/// @file
/// How long a worker that has nothing to do looks around before it goes to sleep.
#pragma once

#include <algorithm>

namespace weft::inline v0 {

/// Looks for as long as looking pays. A wake-up costs many times what a look does, so at first it is long; but a worker that is woken again and again by
/// its timers or by the kernel, for a moment each time, would look around for nothing after each.
///
/// Source: adaptive spinning of mutexes, as glibc's PTHREAD_MUTEX_ADAPTIVE_NP has it.
class Patience {
 public:
  static constexpr int kMost = 64;
  static constexpr int kLeast = 1;
  static constexpr unsigned kTries = 32;  ///< of so many searches in vain one is long, to see whether it would pay again
  static constexpr unsigned kMostTries = 256;  ///< twice as many after each that has not paid, up to this

  /// How many rounds the search that begins now may have.
  [[nodiscard]] int rounds() const noexcept { return in_vain_ + 1 == tries_ ? kMost : rounds_; }

  /// Whether to look around at all, after the one look that everybody takes before. If not, that counts as a search in vain.
  [[nodiscard]] bool decide_to_search() noexcept {
    if (rounds() > kLeast) return true;
    found_nothing();
    return false;
  }

  /// Work was found in this round, from 0. That there was some in the first one says nothing about looking longer.
  void found_in(int round) noexcept {
    if (round == 0) return;
    rounds_ = kMost;
    in_vain_ = 0;
    tries_ = kTries;
  }

  void found_nothing() noexcept {
    rounds_ = std::max(rounds_ / 2, kLeast);
    if (++in_vain_ != tries_) return;
    in_vain_ = 0;
    tries_ = std::min(tries_ * 2, kMostTries);
  }

  /// Somebody's time has come, or an operation has ended. The kernel would have woken the worker for it, and nobody else has to make a call for that; so
  /// who waits for the kernel alone does not look around for it, whose processor may have other things to do.
  void found_due(int round) noexcept {
    if (round != 0) return found_nothing();
    rounds_ = std::max(rounds_ / 2, kLeast);  // as it has been woken, nothing was searched for in vain
  }

 private:
  int rounds_ = kMost;
  unsigned in_vain_ = 0;  // since it has last paid, or was last long
  unsigned tries_ = kTries;
};

}  // namespace weft::inline v0
