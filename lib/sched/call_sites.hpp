/// @file
/// Where a thread is, asked from outside; and which places have been reported.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

namespace weft::inline v0 {

/// The processor time that a thread of this process has had, in ns; negative: there is no such thread.
[[nodiscard]] long long cpu_time_of(int thread) noexcept;

/// Whether a thread of this process sleeps in the kernel.
[[nodiscard]] bool is_off_cpu(int thread) noexcept;

/// The return addresses on the stack of another thread, innermost first; empty if it could not be asked.
///
/// The thread is interrupted by SIGURG, which programs ignore by default: a system call that it is in may return EINTR. If the program
/// handles SIGURG itself, nothing is done.
[[nodiscard]] std::vector<void*> backtrace_of(int thread);

/// Interrupts another thread by the same signal, so that Poller::interrupt() is called there if it runs a worker that has a poller. False: there
/// is no such thread, or the program handles SIGURG itself.
bool interrupt(int thread) noexcept;

/// Lets the signal of that question through in this thread, which is to be one of weft's own, unless the program handles SIGURG itself.
void unblock_questions_here() noexcept;

/// Return addresses as text: function, offset and object.
[[nodiscard]] std::vector<std::string> describe(const std::vector<void*>& frames);

/// The places that have been reported. Threads: one at a time.
class CallSites {
 public:
  /// Whether the place is new. Remembers it, and no more than a few hundred.
  [[nodiscard]] bool insert(const std::vector<void*>& frames);
  [[nodiscard]] bool is_full() const noexcept { return seen_.size() >= kMost; }

 private:
  static constexpr std::size_t kMost = 256;
  static constexpr std::size_t kFrames = 8;  // the innermost ones tell places apart; recursion is one place

  std::unordered_set<std::string> seen_;
};

}  // namespace weft::inline v0
