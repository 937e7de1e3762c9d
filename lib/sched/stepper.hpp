/// @file
/// What a runtime without threads waits in: one descriptor, for the loop that it lives in.
#pragma once

#include <chrono>
#include <cstdint>

#include <weft/base/atomic.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

/// A descriptor that is readable when there is something to do. Threads: the one that steps, except where a member says something else.
class Stepper {
 public:
  /// Errors: std::system_error when there are no descriptors.
  Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;
  ~Stepper();

  [[nodiscard]] int file() const noexcept { return epoll_; }

  /// Makes it readable, until clear(). After what there is to do became visible. Threads: any.
  void notify() noexcept;
  /// Before the look for what there is to do.
  void clear() noexcept;
  /// Has it readable at a time.
  void arm(TimeNs next) noexcept;
  /// Has it readable when this descriptor is. False: the kernel refuses.
  [[nodiscard]] bool add(int file) noexcept;

  /// Sleeps until it is readable, or the time has come. True: it is readable.
  bool wait(std::chrono::steady_clock::time_point until) const noexcept;

  /// Makes the calling thread the one that steps if there is none. False: it is another.
  [[nodiscard]] bool try_own() noexcept;

 private:
  void close_all() noexcept;

  int epoll_ = -1;
  int event_ = -1;
  int timer_ = -1;
  TimeNs armed_ = kNeverNs;
  Atomic<bool> is_notified_{false};
  Atomic<int> owner_{0};  // the thread, as the kernel knows it
};

}  // namespace weft::inline v0
