#include "interrupt.hpp"

#include <atomic>
#include <csignal>

namespace raytracer {
namespace {

std::atomic<int> caught{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not take a lock");

// relaxed: the number is all there is to know.
void note(int signal) { caught.store(signal, std::memory_order_relaxed); }

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction old = {};
    // A signal that the parent chose to ignore stays ignored (nohup, background jobs).
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler != SIG_IGN) {
      sigaction(signal, &action, nullptr);
    }
  }
}

int caught_interrupt() noexcept {
  // relaxed: see note().
  return caught.load(std::memory_order_relaxed);
}

}  // namespace raytracer
