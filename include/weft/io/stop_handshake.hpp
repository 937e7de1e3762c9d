/// @file
/// Who wakes whoever waits for an operation whose stop may be asked for while it ends.
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

/// The state of one operation that can be stopped. Four parties take one step each: whoever starts it, whoever asks for its stop, the driver's owner
/// who takes that request out of the driver's list, and whoever lands it, which is to find its result. Proof: lib/io/README.md, "an operation".
///
/// H1: it is woken once, and not before it has landed.
/// H2: once it has been woken, nobody but the call that asks for the stop refers to it.
///
/// Source: the two counts of stdexec's io_uring context, for an operation whose request to be stopped is its own list node.
template <class Policy>
class BasicStopHandshake {
 public:
  /// Before the driver has it. False: its stop was asked for, and it is not to be started.
  [[nodiscard]] bool start() noexcept {
    // [io.start] acq_rel: which driver has it, for whoever asks from now on; partner: ask().
    return (state_.fetch_or(kStarted, acq_rel) & kAsked) == 0;
  }

  /// True: the driver that has it is to be asked. Threads: one, once.
  [[nodiscard]] bool ask() noexcept {
    // [io.start] acq_rel: pairs with start(). What has landed is woken already, or by whoever has landed it.
    return (state_.fetch_or(kAsked, acq_rel) & (kStarted | kLanded)) == kStarted;
  }

  /// By whoever takes the request out of the driver's list. True: the kernel is to end it. False: it has landed, and is to be woken.
  [[nodiscard]] bool take() noexcept {
    // [io.land] acq_rel: of this and land() the later one wakes, and sees what the earlier did.
    return (state_.fetch_or(kTaken, acq_rel) & kLanded) == 0;
  }

  /// By whoever has written its result. True: it is to be woken. False: whoever takes the request does it.
  [[nodiscard]] bool land() noexcept {
    // [io.land] acq_rel: pairs with take().
    return (state_.fetch_or(kLanded, acq_rel) & (kAsked | kTaken)) != kAsked;
  }

 private:
  static constexpr std::uint32_t kStarted = 1;
  static constexpr std::uint32_t kAsked = 2;  // in a list of the driver's, if it was started before
  static constexpr std::uint32_t kTaken = 4;  // out of it
  static constexpr std::uint32_t kLanded = 8;
  typename Policy::template Atomic<std::uint32_t> state_{0};
};

using StopHandshake = BasicStopHandshake<HardwareAtomics>;

}  // namespace weft::inline v0::detail
