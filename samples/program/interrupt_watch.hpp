/// @file
/// Ctrl-C and its relatives.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace program {

/// Waits for SIGINT, SIGTERM, SIGHUP and SIGQUIT, on a thread of its own.
///
/// The first that comes makes a stop request. The second ends the program at once, by that signal,
/// after a clean-up. The signals are blocked in all threads and taken by sigwait, not by a handler,
/// so that the clean-up may lock, allocate and wait for what another thread is about to finish.
/// A signal that the parent process chose to ignore stays ignored (nohup, background jobs).
///
/// Threads: made and destroyed by the main thread, while there are no others but its own. Those that
///          are started in between inherit the block.
class InterruptWatch {
 public:
  explicit InterruptWatch(std::function<void()> clean_up);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// Gives the token that the first signal stops.
  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

  /// Gives the number of the first signal that came, or zero.
  [[nodiscard]] int caught() const noexcept;

 private:
  void watch();
  [[noreturn]] void die_by(int signal);

  const std::function<void()> clean_up_;
  sigset_t watched_{};
  sigset_t blocked_before_{};
  /// One of the watched signals, for waking the thread; zero: all are ignored, there is no thread.
  int any_watched_ = 0;
  std::stop_source stop_;
  std::atomic<int> caught_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace program
