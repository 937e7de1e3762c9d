// Each case runs in a child process, which the overflow ends.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"
#include "support/subprocess.hpp"

#include <csignal>
#include <cstddef>
#include <string>

using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft_test::check_aborts;
using weft_test::Ended;
using weft_test::in_child;

namespace {

template <std::size_t kFrame>
WEFT_NOINLINE int recurse(int depth) {
  volatile char block[kFrame];
  // From the end that is touched last on the way down: the stack is entered at its far side.
  block[0] = static_cast<char>(depth);
  return depth == 0 ? block[0] : recurse<kFrame>(depth - 1) + block[0];
}

volatile int deep = 1'000'000;

}  // namespace

TEST_CASE("a fiber that overflows its stack is named, with its place and the size, and the process ends") {
  const Ended ended = in_child([] {
    Runtime rt{{.workers = 1}};
    Counter counter;
    rt.spawn_fiber([] { static_cast<void>(recurse<100>(deep)); }, counter, {.stack_size = 32 << 10, .name = "parser"});
    counter.wait();
    return 0;
  });
  CHECK(ended.signal == SIGABRT);
  CHECK_THAT(ended.said, Catch::Contains("the fiber 'parser' that began at") && Catch::Contains("stack_overflow_test.cpp:"));
  CHECK_THAT(ended.said, Catch::Contains(std::to_string(32 * weft::StackSize::kFactor) + " KiB"));
}

TEST_CASE("a fiber without a name is known by where on_fiber was called") {
  const Ended ended = in_child([] {
    Runtime rt{{.workers = 1}};
    rt.run(on_fiber([] { static_cast<void>(recurse<100>(deep)); }));
    return 0;
  });
  CHECK(ended.has_aborted_with("weft: the fiber that began at"));
  CHECK_THAT(ended.said, Catch::Contains("stack_overflow_test.cpp:"));
}

TEST_CASE("a frame of 40 kB does not step over the guard") {
  check_aborts("has overflowed its stack", [] {
    Runtime rt{{.workers = 2}};
    Counter counter;
    // Many fibers, so that there would be somebody else's stack below.
    for (int i = 0; i < 8; ++i) rt.spawn_fiber([] { weft::this_fiber::yield(); }, counter);
    rt.spawn_fiber([] { static_cast<void>(recurse<40'000>(deep)); }, counter);
    counter.wait();
  });
}

TEST_CASE("a fiber overflows on whatever thread it has got to") {
  check_aborts("has overflowed its stack", [] {
    Runtime rt{{.workers = 2}};
    Counter gate(1);
    Counter counter;
    rt.spawn_fiber(
        [&gate] {
          gate.wait();
          static_cast<void>(recurse<100>(deep));
        },
        counter);
    rt.spawn([&gate] { gate.sub(); }, counter);
    counter.wait();
  });
}

TEST_CASE("a fiber that overflows is named also where all signals were blocked before the runtime began") {
  check_aborts("the fiber 'deep' that began at", [] {
    sigset_t all;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGALRM);  // which ends a child that hangs
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    Runtime rt{{.workers = 1}};
    Counter counter;
    rt.spawn_fiber([] { static_cast<void>(recurse<100>(deep)); }, counter, {.name = "deep"});
    counter.wait();
  });
}
