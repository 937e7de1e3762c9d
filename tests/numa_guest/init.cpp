// The first process of a guest: mounts what tests need, runs them, and switches the guest off. Results go to the second serial port, so that
// no message of the kernel comes between; standard error stays on the console.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr const char* kResults = "/dev/ttyS1";
constexpr int kNotStarted = 127;

void expect(int result, const char* what) {
  if (result < 0) std::fprintf(stderr, "init: %s: %s\n", what, std::strerror(errno));
}

/// The status with which the tests end, or 128 and the signal that ends them.
int run_tests() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("WEFT_TAP", "1", 1);
    ::execl("/tests", "tests", static_cast<char*>(nullptr));
    std::perror("init: /tests");
    ::_exit(kNotStarted);
  }
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::wait(&status);
    if (ended < 0 && errno != EINTR) return kNotStarted;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int main() {
  expect(::mount("dev", "/dev", "devtmpfs", 0, nullptr), "/dev");
  expect(::mount("proc", "/proc", "proc", 0, nullptr), "/proc");
  expect(::mount("sys", "/sys", "sysfs", 0, nullptr), "/sys");
  // The tests report to a file of this name.
  expect(::symlink("/proc/self/fd/2", "/dev/stderr"), "/dev/stderr");
  const int results = ::open(kResults, O_WRONLY | O_NOCTTY);
  expect(results, kResults);
  expect(::dup2(results, STDOUT_FILENO), kResults);
  std::printf("guest: exit status %d\n", run_tests());
  std::fflush(stdout);
  expect(::tcdrain(STDOUT_FILENO), kResults);
  expect(::tcdrain(STDERR_FILENO), "the console");
  expect(::reboot(RB_POWER_OFF), "switching off");
  return 0;
}
