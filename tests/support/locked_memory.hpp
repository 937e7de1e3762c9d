/// @file
/// A process that may lock little memory, or none.
#pragma once

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace weft_test {

/// From now on this thread, and those that it starts, may lock so many bytes and no more, also where root runs it. For a forked child. False: it cannot be
/// had.
inline bool limit_locked_memory(rlim_t bytes) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  constexpr unsigned kLock = 1U << CAP_IPC_LOCK;
  sets[0].effective &= ~kLock;
  sets[0].permitted &= ~kLock;
  sets[0].inheritable &= ~kLock;
  const rlimit most{bytes, bytes};
  return ::syscall(SYS_capset, &header, sets.data()) == 0 && ::setrlimit(RLIMIT_MEMLOCK, &most) == 0;
}

}  // namespace weft_test
