// A program that blocks all signals before it starts threads, and waits for them in one (sigwait).
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/pipe.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <set>
#include <string>
#include <thread>

using weft::Counter;
using weft::Runtime;
using weft::RuntimeOptions;
using weft_test::Pipe;
using namespace std::chrono_literals;

namespace {

class AllBlocked {
 public:
  AllBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllBlocked(const AllBlocked&) = delete;
  AllBlocked& operator=(const AllBlocked&) = delete;
  ~AllBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::set<int> blocked_here() {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  std::set<int> blocked;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (::sigismember(&now, signal) == 1) blocked.insert(signal);
  }
  return blocked;
}

/// The signals that the thread that makes the runtime has blocked, and a worker has not.
std::set<int> let_through(RuntimeOptions options) {
  options.workers = 1;
  std::set<int> here = blocked_here(), on_worker;
  {
    Runtime rt{options};
    Counter counter;
    rt.spawn([&on_worker] { on_worker = blocked_here(); }, counter);
    counter.wait();
  }
  CHECK(blocked_here() == here);
  for (const int signal : on_worker) CHECK(here.erase(signal) == 1);
  return here;
}

}  // namespace

TEST_CASE("where all signals are blocked workers let through those of faults, SIGURG to be asked where they are, and no others") {
  const AllBlocked all_blocked;
  CHECK(let_through({}) == std::set{SIGSEGV, SIGBUS, SIGURG});
  CHECK(let_through({.report_blocking_after = 0ms}) == std::set{SIGSEGV, SIGBUS});
  struct sigaction own = {}, before = {};
  own.sa_handler = [](int) {};
  ::sigaction(SIGURG, &own, &before);
  CHECK(let_through({}) == std::set{SIGSEGV, SIGBUS});
  ::sigaction(SIGURG, &before, nullptr);
}

TEST_CASE("where all signals are blocked a call that blocks unmarked is reported with its place") {
  const AllBlocked all_blocked;
  std::mutex mutex;
  std::string place;
  std::atomic<bool> is_reported{false};
  const auto note = [&](const weft::BlockedWorker& blocked) {
    const std::lock_guard lock(mutex);
    for (const std::string& frame : blocked.frames) place += frame + "\n";
    is_reported.store(true);
  };
  Runtime rt{{.workers = 1, .report_blocking_after = 20ms, .on_blocked = note}};
  const Pipe pipe;
  Counter blocked;
  rt.spawn([&pipe] { pipe.block(); }, blocked);
  while (!is_reported.load()) std::this_thread::yield();
  pipe.release();
  blocked.wait();
  const std::lock_guard lock(mutex);
  CHECK_THAT(place, Catch::Contains("read"));
}
