/// @file
/// What belongs to the thread that runs here, for code that may go on another one.
///
/// All of it is asked through calls that compilers do not look into: they keep the address of errno over a suspension, and take
/// std::this_thread::get_id() for constant in a function.
#pragma once

#include <weft/base/platform.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace weft_test {

WEFT_NOINLINE inline void set_errno(int value) {
  errno = value;
  asm volatile("" ::: "memory");
}
WEFT_NOINLINE inline int get_errno() {
  asm volatile("" ::: "memory");
  return errno;
}

/// The thread by its number, which the kernel is asked for.
WEFT_NOINLINE inline long thread_here() { return ::syscall(SYS_gettid); }

}  // namespace weft_test
