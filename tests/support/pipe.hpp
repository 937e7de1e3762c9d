/// @file
/// A call that blocks in the kernel until a test releases it.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace weft_test {

/// Each byte written lets one call of block() go on. Threads: any.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) throw std::runtime_error("pipe failed");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  void block() const {
    char byte = 0;
    while (::read(ends_[0], &byte, 1) < 0 && errno == EINTR) {
    }
  }
  /// Aborts when it fails: threads other than the test's call it too, and whoever blocks would do so for ever.
  void release() const {
    ssize_t written;
    do written = ::write(ends_[1], "x", 1);
    while (written < 0 && errno == EINTR);
    if (written != 1) std::abort();
  }

 private:
  std::array<int, 2> ends_{};
};

}  // namespace weft_test
