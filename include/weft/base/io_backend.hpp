/// @file
/// By what the kernel is asked to do input and output.
#pragma once

#include <cstdint>

namespace weft::inline v0 {

enum class IoBackend : std::uint8_t {
  Auto,   ///< Uring where it works, else Epoll
  Uring,  ///< io_uring: Linux 6.1 or later, if weft was built with liburing and nobody has forbidden it (seccomp, kernel.io_uring_disabled)
  Epoll,  ///< system calls that do not block, and epoll; files by calls that are marked as blocking
};

}  // namespace weft::inline v0
