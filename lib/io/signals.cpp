#include <weft/io/signals.hpp>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include <weft/base/error.hpp>

namespace weft::inline v0::detail {

namespace {

constexpr const char* kThreads = "/proc/self/task";

/// The signals that a thread has blocked, as the kernel writes them: bit n - 1 is signal n. None if the thread has ended, or nothing is known.
bool read_blocked(const std::string& thread, std::uint64_t& blocked) {
  std::ifstream status(std::string(kThreads) + "/" + thread + "/status");
  const std::string name = "SigBlk:";
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    blocked = std::strtoull(line.c_str() + name.size(), nullptr, 16);
    return true;
  }
  return false;
}

/// Where it can be seen: without /proc it cannot.
void refuse_unblocked(std::initializer_list<int> numbers) {
  const std::unique_ptr<DIR, int (*)(DIR*)> threads(::opendir(kThreads), ::closedir);
  if (threads == nullptr) return;
  while (const dirent* const entry = ::readdir(threads.get())) {
    const std::string thread = entry->d_name;
    std::uint64_t blocked = 0;
    if (thread.front() == '.' || !read_blocked(thread, blocked)) continue;
    for (const int number : numbers) {
      if ((blocked >> (number - 1) & 1) != 0) continue;
      throw UsageError("weft: io::Signals was made while thread " + thread + " of this process does not block signal " + std::to_string(number) +
                       ", which the system would deliver there: make it before other threads, and so before the runtime");
    }
  }
}

}  // namespace

WaitForSignal::~WaitForSignal() = default;

io::Signal WaitForSignal::take_value() const noexcept {
  static_assert(sizeof(signalfd_siginfo) == kMost);
  const auto info = read_value<signalfd_siginfo>();
  return {static_cast<int>(info.ssi_signo), static_cast<int>(info.ssi_pid)};
}

io::Descriptor make_signal_file(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) {
    if (::sigaddset(&set, number) != 0) throw_io_error(errno, {"io::Signals with a number that is no signal's"});
  }
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  try {
    refuse_unblocked(numbers);
    io::Descriptor made(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!made.is_open()) throw_io_error(errno, {"signalfd"});
    return made;
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

}  // namespace weft::inline v0::detail
