// Handlers for faults that were there before weft's. Each case runs in a child process, which it ends; a program of its own, so that no fiber
// has run in the parent.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/overflow.hpp"
#include "fiber/sanitizer.hpp"
#include "support/many.hpp"
#include "support/skip.hpp"
#include "support/subprocess.hpp"

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <latch>
#include <string>
#include <thread>

using weft::on_fiber;
using weft::Runtime;
using weft_test::Ended;
using weft_test::in_child;

namespace {

volatile std::uintptr_t nowhere = 64;  // not null, which UndefinedBehaviorSanitizer would see before the processor does
volatile int deep = 1'000'000;
std::atomic<int> calls{0};
sigjmp_buf way_out;

void fault() { *reinterpret_cast<volatile int*>(nowhere) = 1; }

WEFT_NOINLINE int recurse(int depth) {
  volatile char block[100];
  block[0] = static_cast<char>(depth);
  return depth == 0 ? block[0] : recurse(depth - 1) + block[0];
}

/// Runs `then` in a child where this handler was there before weft's.
template <class F>
Ended in_child_with(void (*handler)(int), int flags, F then, std::initializer_list<int> mask = {}) {
  return in_child([&] {
    calls = 0;
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    for (const int signal : mask) ::sigaddset(&action.sa_mask, signal);
    ::sigaction(SIGSEGV, &action, nullptr);
    Runtime rt{{.workers = 1}};
    rt.run(on_fiber([] {}));
    struct sigaction present = {};
    ::sigaction(SIGSEGV, nullptr, &present);
    if (present.sa_handler == handler) ::_exit(98);  // weft's is not there, and the case would show nothing
    then(rt);
    return 0;
  });
}

bool is_blocked(int signal) {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return ::sigismember(&now, signal) != 0;
}

/// Sanitizers have handlers of their own around those of the program, and to Valgrind a fault is what it looks for.
bool can_show() {
  if (!weft_test::kSanitized && !weft::is_on_valgrind()) return true;
  weft_test::skip("a sanitizer and Valgrind handle faults themselves");
  return false;
}

void say_so(int) {
  if (::write(STDERR_FILENO, "handled\n", 8) != 8 || ++calls > 2) ::_exit(77);
}

}  // namespace

TEST_CASE("faults that are no overflow go to whoever handled them before") {
  if (weft::is_on_valgrind()) {
    weft_test::skip("to Valgrind the fault is what it looks for");
    return;
  }
  struct Handler {
    static void exit_with_7(int, siginfo_t*, void*) { ::_exit(7); }
  };
  const auto run = [] {
    Runtime rt{{.workers = 1}};
    rt.run(on_fiber([] { fault(); }));
    return 0;
  };
  const Ended handled = in_child([&run] {
    struct sigaction action = {};
    action.sa_sigaction = &Handler::exit_with_7;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSEGV, &action, nullptr);
    return run();
  });
  CHECK(handled.status == 7);
  if (weft_test::kSanitized) return;  // what a sanitizer does is its own affair
  const Ended by_default = in_child(run);
  CHECK(by_default.signal == SIGSEGV);
  CHECK_THAT(by_default.said, !Catch::Contains("weft:"));  // an emulator has a line of its own
}

TEST_CASE("a handler with SA_RESETHAND that returns is called once, and then the fault ends the process") {
  if (!can_show()) return;
  const Ended on_thread = in_child_with(&say_so, SA_RESETHAND, [](Runtime&) { fault(); });
  CHECK(on_thread.signal == SIGSEGV);
  CHECK(on_thread.said == "handled\n");
  const Ended on_a_fiber = in_child_with(&say_so, SA_RESETHAND, [](Runtime& rt) { rt.run(on_fiber([] { fault(); })); });
  CHECK(on_a_fiber.signal == SIGSEGV);
  CHECK(on_a_fiber.said == "handled\n");
}

TEST_CASE("a handler stays forgotten that the program has replaced by the default, when weft's is installed again") {
  if (!can_show()) return;
  const Ended ended = in_child_with(&say_so, 0, [](Runtime&) {
    ::raise(SIGSEGV);
    std::signal(SIGSEGV, SIG_DFL);
    weft::report_overflows();
    ::raise(SIGSEGV);
  });
  CHECK(ended.signal == SIGSEGV);
  CHECK(ended.said == "handled\n");
}

TEST_CASE("a handler with SA_RESETHAND and SA_NODEFER that raises its signal ends the process by it") {
  if (!can_show()) return;
  struct Handler {
    static void raise_again(int signal) {
      if (++calls > 1) ::_exit(77);
      ::raise(signal);
      ::_exit(1);
    }
  };
  const Ended ended = in_child_with(&Handler::raise_again, SA_RESETHAND | SA_NODEFER, [](Runtime&) { fault(); });
  CHECK(ended.signal == SIGSEGV);
  CHECK(ended.status == 0);
}

TEST_CASE("of two threads that fault one has the handler with SA_RESETHAND, and the other ends the process") {
  if (!can_show()) return;
  struct Handler {
    static void stay(int) {
      static std::atomic<int> inside{0};
      if (inside.fetch_add(1) != 0) ::_exit(77);
      for (;;) ::pause();
    }
  };
  const Ended ended = in_child_with(&Handler::stay, SA_RESETHAND, [](Runtime&) {
    std::latch both(2);
    const auto run = [&both] {
      both.arrive_and_wait();
      fault();
    };
    std::thread first(run), second(run);
    first.join();
    second.join();
  });
  CHECK(ended.signal == SIGSEGV);
}

TEST_CASE("a handler with SA_NODEFER may jump out of each fault, to where the mask was not saved") {
  if (!can_show()) return;
  struct Handler {
    static void jump(int) { ::siglongjmp(way_out, 1); }
    static void fault_often() {
      for (calls = 0; calls < 5; ++calls) {
        if (sigsetjmp(way_out, 0) == 0) fault();
      }
    }
  };
  const Ended ended = in_child_with(&Handler::jump, SA_NODEFER, [](Runtime& rt) {
    Handler::fault_often();
    rt.run(on_fiber([] { Handler::fault_often(); }));
    ::_exit(7);
  });
  CHECK(ended.signal == 0);
  CHECK(ended.status == 7);
}

TEST_CASE("a handler runs with its signal and those of its mask blocked, and afterwards they are not") {
  if (!can_show()) return;
  struct Handler {
    static void look(int) { calls = (is_blocked(SIGSEGV) ? 1 : 0) + (is_blocked(SIGUSR1) ? 2 : 0) + (is_blocked(SIGUSR2) ? 4 : 0); }
    static void raise_and_tell(Runtime&) {
      ::raise(SIGSEGV);
      ::_exit(is_blocked(SIGSEGV) || is_blocked(SIGUSR1) ? 77 : calls.load());
    }
  };
  CHECK(in_child_with(&Handler::look, 0, &Handler::raise_and_tell, {SIGUSR1}).status == 1 + 2);
  CHECK(in_child_with(&Handler::look, SA_NODEFER, &Handler::raise_and_tell, {SIGUSR1}).status == 2);
  CHECK(in_child_with(&Handler::look, SA_NODEFER, &Handler::raise_and_tell, {SIGUSR2, SIGSEGV}).status == 1 + 4);
}

TEST_CASE("system calls go on after a signal that was ignored, or handled with SA_RESTART, and after no other") {
  if (!can_show()) return;
  const auto ask = [](Runtime&) {
    struct sigaction present = {};
    ::sigaction(SIGSEGV, nullptr, &present);
    ::_exit((present.sa_flags & SA_RESTART) != 0 ? 7 : 8);
  };
  CHECK(in_child_with(SIG_IGN, 0, ask).status == 7);
  CHECK(in_child_with(&say_so, SA_RESTART, ask).status == 7);
  CHECK(in_child_with(&say_so, 0, ask).status == 8);
}

TEST_CASE("a signal that is ignored and was sent stays ignored, and a later overflow is reported") {
  const Ended ended = in_child_with(SIG_IGN, 0, [](Runtime& rt) {
    ::kill(::getpid(), SIGSEGV);
    ::raise(SIGSEGV);
    rt.run(on_fiber([] { static_cast<void>(recurse(deep)); }));
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("has overflowed its stack"));
}

TEST_CASE("a fault ends the process also where its signal is ignored, or flags come with the default action") {
  if (!can_show()) return;
  for (void (*const handler)(int) : {SIG_IGN, SIG_DFL}) {
    const Ended ended = in_child_with(handler, SA_SIGINFO | SA_RESETHAND, [](Runtime& rt) { rt.run(on_fiber([] { fault(); })); });
    CHECK(ended.signal == SIGSEGV);
  }
}

TEST_CASE("a signal that was sent ends the process if nobody handled it before") {
  if (!can_show()) return;
  const Ended ended = in_child_with(SIG_DFL, 0, [](Runtime&) { ::raise(SIGSEGV); });
  CHECK(ended.signal == SIGSEGV);
}
