#include "fiber/overflow.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "fiber/earlier_handler.hpp"
#include "fiber/stack_slab.hpp"
#include <weft/fiber/fiber.hpp>

namespace weft::inline v0 {

namespace {

constexpr std::array<int, 2> kSignals{SIGSEGV, SIGBUS};
constinit std::array<EarlierHandler, kSignals.size()> handlers_before;

/// A line for standard error, made without memory: for signal handlers.
class Line {
 public:
  Line& operator<<(const char* text) noexcept {
    const std::size_t length = std::min(std::strlen(text), sizeof(text_) - length_);
    std::memcpy(text_ + length_, text, length);
    length_ += length;
    return *this;
  }
  Line& operator<<(std::size_t number) noexcept {
    char digits[24];
    char* first = digits + sizeof(digits);
    *--first = '\0';
    do {
      *--first = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << first;
  }
  void write() const noexcept {
    if (::write(STDERR_FILENO, text_, length_) < 0) return;  // nobody reads it; the process ends all the same
  }

 private:
  char text_[1024];
  std::size_t length_ = 0;
};

[[noreturn]] void report(const Fiber& fiber) noexcept {
  const detail::FiberOrigin& origin = fiber.origin();
  Line line;
  line << "weft: the fiber ";
  if (origin.name != nullptr) line << "'" << origin.name << "' ";
  line << "that began at " << origin.where.file_name() << ":" << origin.where.line() << " has overflowed its stack of "
       << static_cast<std::size_t>(fiber.stack_end() - fiber.stack_begin()) / 1024
       << " KiB: ask for a larger one (stack_size in FiberOptions or StackOptions, RuntimeOptions::fiber_stack_size), or recurse less\n";
  line.write();
  ::signal(SIGABRT, SIG_DFL);
  std::abort();
}

void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  if (const Fiber* const fiber = current_fiber()) {
    if (StackSlab::is_in_guard_of(*fiber, static_cast<const std::byte*>(info->si_addr))) report(*fiber);
  }
  const auto place = static_cast<std::size_t>(std::find(kSignals.begin(), kSignals.end(), signal) - kSignals.begin());
  handlers_before[place].handle(signal, info, context);
}

void install_handler(std::size_t place) noexcept {
  struct sigaction ours = {};
  ours.sa_sigaction = &on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | (handlers_before[place].restarts_calls() ? SA_RESTART : 0);
  ::sigemptyset(&ours.sa_mask);
  ::sigaction(kSignals[place], &ours, nullptr);
}

/// The stack on which this thread handles signals.
class SignalStack {
 public:
  SignalStack() noexcept {
    stack_t present = {};
    if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;  // somebody else's
    bytes_ = static_cast<std::size_t>(std::max(::sysconf(_SC_SIGSTKSZ), 65536L));
    void* const memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return;  // an overflow still ends the process, without a message
    memory_ = memory;
    const stack_t ours{memory_, 0, bytes_};
    ::sigaltstack(&ours, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;
  ~SignalStack() {
    if (memory_ == nullptr) return;
    const stack_t none{nullptr, SS_DISABLE, 0};
    ::sigaltstack(&none, nullptr);
    ::munmap(memory_, bytes_);
  }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace

void report_overflows() noexcept {
  static constinit std::mutex mutex;
  static constinit bool is_first_time = true;
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction present = {};
    ::sigaction(kSignals[i], nullptr, &present);
    if (is_first_time) {
      handlers_before[i].remember(present);
    } else if (present.sa_handler == SIG_DFL) {
      handlers_before[i].forget();
    } else {
      continue;  // ours, or one that was installed after it: that may hand on to ours, and must not get it back
    }
    install_handler(i);
  }
  is_first_time = false;
}

void report_overflows_here() noexcept {
  static thread_local const SignalStack stack;
  static_cast<void>(stack);
}

void unblock_faults_here() noexcept {
  sigset_t faults;
  ::sigemptyset(&faults);
  for (const int signal : kSignals) ::sigaddset(&faults, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
}

}  // namespace weft::inline v0
