// Makes membarrier fail for this whole program, as it does on a kernel from before 4.14 and where a sandbox forbids it.
// The other files of the program are those of the wake-up and fork/join stress tests.
#include <catch2/catch.hpp>

#include "base/futex.hpp"
#include "support/skip.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture do system calls report here?"
#endif

/// Lets every system call through but membarrier. Returns 0, or the error where the kernel refuses filters.
int refuse_membarrier() {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof steps / sizeof steps[0], steps};
  // Whoever gives up new privileges may install a filter without having any.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}

// Before main(), since the library asks once and keeps the answer; threads inherit the filter.
const int filter_error = refuse_membarrier();

}  // namespace

TEST_CASE("without membarrier: the kernel refuses it, and the library has seen that") {
  if (filter_error != 0) {
    weft_test::skip(std::string("no seccomp filter here, so membarrier stays: ") + std::strerror(filter_error));
    return;
  }
  CHECK(::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) == -1);
  CHECK(errno == ENOSYS);
  CHECK_FALSE(weft::has_asymmetric_fence());
}
