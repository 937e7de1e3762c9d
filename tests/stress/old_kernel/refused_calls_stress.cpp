// Has the kernel refuse some calls to this whole program: membarrier, as before Linux 4.14 and where a sandbox forbids it, and messages to rings,
// as before 6.13. The other files of the program are those of other folders: wake-ups, fork/join, and operations that are stopped.
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

constexpr unsigned kSendMessage = 31;  // IORING_REGISTER_SEND_MSG_RING

/// Lets all other system calls through. Returns 0, or the error where the kernel refuses filters.
int refuse_calls() {
  constexpr unsigned kSecondArgument = offsetof(seccomp_data, args) + sizeof(seccomp_data::args[0]);  // its lower half
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 7),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSecondArgument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSendMessage, 1, 2),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof steps / sizeof steps[0], steps};
  // Whoever gives up new privileges may install a filter without having any.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}

// Before main(), since the library asks once and keeps the answer; threads inherit the filter.
const int filter_error = refuse_calls();

constexpr const char* kNoFilter = "no seccomp filter here, so nothing is refused: ";

}  // namespace

TEST_CASE("without membarrier: the kernel refuses it, and the library has seen that") {
  if (filter_error != 0) {
    weft_test::skip(std::string(kNoFilter) + std::strerror(filter_error));
    return;
  }
  CHECK(::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) == -1);
  CHECK(errno == ENOSYS);
  CHECK_FALSE(weft::has_asymmetric_fence());
}

TEST_CASE("without messages to rings: the kernel refuses them") {
  if (filter_error != 0) {
    weft_test::skip(std::string(kNoFilter) + std::strerror(filter_error));
    return;
  }
  // A kernel that knew them would look for the message first, and say EFAULT.
  const auto* const nowhere = reinterpret_cast<const void*>(1);
  CHECK(::syscall(SYS_io_uring_register, -1, kSendMessage, nowhere, 1) == -1);
  CHECK((errno == EINVAL || errno == ENOSYS));
}
