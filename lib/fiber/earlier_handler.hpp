/// @file
/// The handler that a signal had before weft's, called as the kernel would have called it.
#pragma once

#include <signal.h>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// What a signal did before weft's handler for it was installed.
///
/// Threads: remember() once, before that; the rest any, in signal handlers too.
class EarlierHandler {
 public:
  void remember(const struct sigaction& action) noexcept { action_ = action; }

  /// The signal has its default action from now on: somebody has set it, or the handler was to be called once.
  void forget() noexcept {
    // relaxed: nothing else is read through it.
    is_forgotten_.store(true, relaxed);
  }

  /// Whether system calls go on that a signal from another process interrupts.
  [[nodiscard]] bool restarts_calls() const noexcept { return (action_.sa_flags & SA_RESTART) != 0 || action_.sa_handler == SIG_IGN; }

  /// Does what the kernel would have done. The default action ends the process, at the latest when weft's handler returns.
  ///
  /// Pre: called by weft's handler, with what that was given.
  void handle(int signal, siginfo_t* info, void* context) noexcept;

 private:
  [[nodiscard]] bool must_take_default() noexcept;
  void call(int signal, siginfo_t* info, void* context) const noexcept;

  // ---- never changes after remember() ----
  struct sigaction action_ = {};
  // ---- written by any thread, false to true ----
  Atomic<bool> is_forgotten_{false};
};

}  // namespace weft::inline v0
