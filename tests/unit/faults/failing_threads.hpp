/// @file
/// A pthread_create that fails when it is told to.
#pragma once

#include <functional>

namespace weft_test {

/// Makes pthread_create fail with EAGAIN from the call number `first` on (0: the next).
class FailingThreads {
 public:
  explicit FailingThreads(int first);
  FailingThreads(const FailingThreads&) = delete;
  FailingThreads& operator=(const FailingThreads&) = delete;
  ~FailingThreads();

  /// How many threads could not be created.
  [[nodiscard]] int refused() const;

  /// Calls a function on the thread that was refused one, once, when it has unlocked the mutex under which it asked: what it did under that lock is
  /// done, and what it does afterwards is not.
  void after_unlock(std::function<void()> function);
};

}  // namespace weft_test
