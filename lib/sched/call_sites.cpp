#include "sched/call_sites.hpp"

#include <cxxabi.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/futex.hpp"
#include "base/poller.hpp"
#include <weft/base/atomic.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

long long cpu_time_of(int thread) noexcept {
  // The kernel's number for the clock of a thread, as in pthread_getcpuclockid; that one wants a handle, which may dangle.
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6);
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

bool is_off_cpu(int thread) noexcept {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/stat", thread);
  const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 256> text{};
  const ssize_t length = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  if (length <= 0) return false;
  // "number (name) state ...": the name may have anything in it.
  const char* const end_of_name = std::strrchr(text.data(), ')');
  if (end_of_name == nullptr || end_of_name[1] == '\0') return false;
  const char state = end_of_name[2];
  return state == 'S' || state == 'D';
}

namespace {

constexpr int kSignal = SIGURG;
constexpr int kMostFrames = 64;

/// What the handler is asked for, by one thread at a time. `state` says who may touch the rest: who asks, but for kAnswering.
struct Request {
  static constexpr std::uint32_t kNobody = 0;
  static constexpr std::uint32_t kAnswering = ~std::uint32_t{0};
  static constexpr std::uint32_t kAnswered = kAnswering - 1;

  Atomic<std::uint32_t> state{kNobody};  // or the thread that is asked
  std::array<void*, kMostFrames> frames{};
  int count = 0;
};
constinit Request request;

/// The poller that this thread owns, if it runs its worker.
Poller* poller_of(int thread) noexcept {
  const WorkerContext* const worker = current_worker();
  Poller* const poller = worker != nullptr ? worker->poller : nullptr;
  return poller != nullptr && poller->owner() == thread ? poller : nullptr;
}

void answer(int) noexcept {
  const int error = errno;
  const auto here = static_cast<int>(::syscall(SYS_gettid));
  if (Poller* const poller = poller_of(here)) poller->interrupt();
  errno = error;
  auto asked = static_cast<std::uint32_t>(here);
  // [sites.ask] acquire: the frames are free to be written; pairs with the store by backtrace_of(). A handler that comes late finds that
  // nobody, or another thread, is asked.
  // relaxed: on failure nothing is read.
  if (!request.state.compare_exchange_strong(asked, Request::kAnswering, acquire, relaxed)) return;
  request.count = ::backtrace(request.frames.data(), kMostFrames);
  // [sites.answer] release: the frames; pairs with the loads by backtrace_of().
  request.state.store(Request::kAnswered, release);
  futex_wake(&request.state, 1);
  errno = error;
}

enum class Handler { None, Ours, Theirs };

Handler present_handler() noexcept {
  struct sigaction present = {};
  if (::sigaction(kSignal, nullptr, &present) != 0) return Handler::Theirs;
  if (present.sa_handler == &answer) return Handler::Ours;
  return present.sa_handler == SIG_DFL || present.sa_handler == SIG_IGN ? Handler::None : Handler::Theirs;
}

/// Installs the handler unless the program has its own.
bool can_ask() noexcept {
  const Handler present = present_handler();
  if (present != Handler::None) return present == Handler::Ours;
  // The first call loads a library, which is not to happen inside a handler.
  std::array<void*, 4> warm_up{};
  static_cast<void>(::backtrace(warm_up.data(), static_cast<int>(warm_up.size())));
  struct sigaction ours = {};
  ours.sa_handler = &answer;
  ours.sa_flags = SA_RESTART | SA_ONSTACK;
  ::sigemptyset(&ours.sa_mask);
  return ::sigaction(kSignal, &ours, nullptr) == 0;
}

std::string demangled(const std::string& line) {
  const std::size_t open = line.find('(');
  const std::size_t plus = line.find('+', open);
  if (open == std::string::npos || plus == std::string::npos || plus == open + 1) return line;
  int status = 0;
  const std::string name = line.substr(open + 1, plus - open - 1);
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0) return line;
  return line.substr(0, open + 1) + readable.get() + line.substr(plus);
}

}  // namespace

bool interrupt(int thread) noexcept { return can_ask() && ::syscall(SYS_tgkill, ::getpid(), thread, kSignal) == 0; }

void unblock_questions_here() noexcept {
  if (present_handler() == Handler::Theirs) return;
  sigset_t question;
  ::sigemptyset(&question);
  ::sigaddset(&question, kSignal);
  ::pthread_sigmask(SIG_UNBLOCK, &question, nullptr);
}

std::vector<void*> backtrace_of(int thread) {
  constexpr std::chrono::milliseconds kPatience{50};
  static constinit std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  // [sites.answer] acquire: pairs with the handler's store. One whom the last question has given up may be answering still.
  if (request.state.load(acquire) == Request::kAnswering || !can_ask()) return {};
  // [sites.ask] release: pairs with the handler's exchange.
  request.state.store(static_cast<std::uint32_t>(thread), release);
  std::uint32_t state = Request::kNobody;
  if (::syscall(SYS_tgkill, ::getpid(), thread, kSignal) == 0) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    // [sites.answer] acquire: pairs with the handler's store.
    while ((state = request.state.load(acquire)) != Request::kAnswered && std::chrono::steady_clock::now() < give_up) {
      futex_wait_for(request.state, state, kPatience);
    }
  }
  // [sites.answer] acquire: it may have answered in this moment; pairs with the handler's store.
  state = static_cast<std::uint32_t>(thread);
  if (request.state.compare_exchange_strong(state, Request::kNobody, acquire, acquire) || state != Request::kAnswered) return {};
  constexpr int kOwn = 2;  // the handler, and the kernel's frame below it
  return std::vector<void*>(request.frames.begin() + std::min(kOwn, request.count), request.frames.begin() + request.count);
}

std::vector<std::string> describe(const std::vector<void*>& frames) {
  std::vector<std::string> lines;
  if (frames.empty()) return lines;  // it did not answer, and backtrace_symbols() takes no null pointer
  const std::unique_ptr<char*, void (*)(void*)> symbols(::backtrace_symbols(frames.data(), static_cast<int>(frames.size())), &std::free);
  if (symbols == nullptr) return lines;
  lines.reserve(frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) lines.push_back(demangled(symbols.get()[i]));
  return lines;
}

bool CallSites::insert(const std::vector<void*>& frames) {
  if (is_full()) return false;
  return seen_.emplace(reinterpret_cast<const char*>(frames.data()), std::min(frames.size(), kFrames) * sizeof(void*)).second;
}

}  // namespace weft::inline v0
