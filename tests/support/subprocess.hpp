/// @file
/// Runs a function in a forked child, for what ends the process: aborts, and settings that cannot be undone.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace weft_test {

/// How a child ended, and what it wrote to standard error.
struct Ended {
  int signal = 0;  ///< that ended it, or 0
  int status = 0;  ///< exit status, if no signal did
  std::string said;

  [[nodiscard]] bool has_aborted_with(const std::string& words) const {
    return signal == SIGABRT && said.find(words) != std::string::npos;
  }
};

/// Calls `function` in a child; an int that it returns becomes the exit status, an exception status 99.
///
/// Pre: the caller is the only thread of the process.
template <class F>
Ended in_child(F function) {
  constexpr unsigned kSecondsToLive = 60;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    ::dup2(ends[1], 2);
    for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGTERM, SIGINT}) std::signal(number, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(kSecondsToLive);
    int status = 99;
    try {
      status = function();
    } catch (...) {
    }
    ::_exit(status);
  }
  ::close(ends[1]);
  Ended ended;
  std::array<char, 512> buffer{};
  for (ssize_t got; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int how = 0;
  ::waitpid(child, &how, 0);
  if (WIFSIGNALED(how)) ended.signal = WTERMSIG(how);
  if (WIFEXITED(how)) ended.status = WEXITSTATUS(how);
  return ended;
}

}  // namespace weft_test
