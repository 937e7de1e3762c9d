/// @file
/// A pthread_create that fails when it is told to.
#pragma once

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
};

}  // namespace weft_test
