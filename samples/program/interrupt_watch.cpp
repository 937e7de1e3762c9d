#include "interrupt_watch.hpp"

#include <pthread.h>

#include <cstdlib>
#include <utility>

namespace program {

InterruptWatch::InterruptWatch(std::function<void()> clean_up) : clean_up_(std::move(clean_up)) {
  sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    sigaddset(&watched_, signal);
    any_watched_ = signal;
  }
  pthread_sigmask(SIG_BLOCK, &watched_, &blocked_before_);
  if (any_watched_ != 0) thread_ = std::thread([this] { watch(); });
}

InterruptWatch::~InterruptWatch() {
  if (thread_.joinable()) {
    // relaxed: the signal that follows is sent to that thread and taken by it.
    is_over_.store(true, std::memory_order_relaxed);
    pthread_kill(thread_.native_handle(), any_watched_);
    thread_.join();
  }
  pthread_sigmask(SIG_SETMASK, &blocked_before_, nullptr);
}

int InterruptWatch::caught() const noexcept {
  // relaxed: the number is all there is to know.
  return caught_.load(std::memory_order_relaxed);
}

void InterruptWatch::watch() {
  while (true) {
    int signal = 0;
    if (sigwait(&watched_, &signal) != 0) continue;
    // relaxed: see the destructor and caught().
    if (is_over_.load(std::memory_order_relaxed)) return;
    int none = 0;
    if (!caught_.compare_exchange_strong(none, signal, std::memory_order_relaxed)) die_by(signal);
    stop_.request_stop();
  }
}

void InterruptWatch::die_by(int signal) {
  clean_up_();
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::raise(signal);
  // Still here as the first process of a container, which signals do not end.
  std::_Exit(128 + signal);
}

}  // namespace program
