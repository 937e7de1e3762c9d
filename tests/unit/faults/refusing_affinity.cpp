#include "refusing_affinity.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

constinit std::atomic<bool> refuses{false};

}  // namespace

namespace weft_test {

RefusingAffinity::RefusingAffinity() { refuses.store(true); }
RefusingAffinity::~RefusingAffinity() { refuses.store(false); }

}  // namespace weft_test

extern "C" [[gnu::visibility("default")]] int sched_setaffinity(pid_t thread, size_t bytes, const cpu_set_t* mask) noexcept {
  if (refuses.load()) {
    errno = EPERM;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_sched_setaffinity, thread, bytes, mask));
}
