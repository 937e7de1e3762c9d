#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/skip.hpp"
#include "support/subprocess.hpp"
#include "unit/io/backends.hpp"
#include "unit/io/socket_pair.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

using weft::IoBackend;
using weft::Runtime;
using weft::Task;

namespace {

constexpr const char* kNoThreads = "ThreadSanitizer lets no threads begin in the child of a process that has had some";

/// Has the kernel refuse rings to this process from now on, as containers do. False: it cannot be had.
bool refuse_rings(int error) {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

Task<bool> one_byte(const Ends& ends) {
  const char out = 'x';
  char in = 0;
  co_await send(ends.of[0], &out, 1);
  co_await receive(ends.of[1], &in, 1);
  co_return in == 'x';
}

}  // namespace

TEST_CASE("where the kernel refuses rings, epoll is used; who has asked for rings is told why there are none") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  for (const int error : {EPERM, ENOSYS, ENOMEM}) {
    CAPTURE(error);
    const auto child = [error] {
      if (!refuse_rings(error)) return 0;
      const Ends ends;
      {
        Runtime rt;
        if (rt.io_backend() != IoBackend::Epoll || !rt.run(one_byte(ends))) return 1;
      }
      try {
        const Runtime asked{{.io_backend = IoBackend::Uring}};
        return 2;
      } catch (const std::system_error& caught) {
        if (caught.code().value() != error) return 3;
        return std::string(caught.what()).find("io_uring, which RuntimeOptions::io_backend asks for") != std::string::npos ? 0 : 4;
      }
    };
    CHECK(weft_test::in_child(child).status == 0);
  }
}

TEST_CASE("an operation for which there is no descriptor left fails, and the next one that has one does not") {
  if (WEFT_TSAN) return weft_test::skip(kNoThreads);
  const auto child = [] {
    const Ends ends;
    Runtime rt{{.workers = 1}};
    rt.run([] {});
    const rlimit none{0, 1024};
    const rlimit enough{1024, 1024};
    if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 0;
    try {
      rt.run(one_byte(ends));
      return 1;
    } catch (const std::system_error& caught) {
      if (caught.code() != std::errc::too_many_files_open) return 2;
    }
    if (::setrlimit(RLIMIT_NOFILE, &enough) != 0) return 3;
    return rt.run(one_byte(ends)) ? 0 : 4;
  };
  CHECK(weft_test::in_child(child).status == 0);
}
