// What belongs to a thread and is taken along by a fiber: found in builds with internal checks.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/skip.hpp"
#include "support/subprocess.hpp"

#include <cfenv>
#include <coroutine>
#include <mutex>
#include <string>

using Catch::Matchers::Contains;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft::ThreadLock;
using weft::ThreadMutex;
using weft::WorkerHandle;
using weft_test::Ended;
using weft_test::in_child;
namespace this_fiber = weft::this_fiber;

namespace {

template <class F>
Ended run_in_child(F function) {
  return in_child([&function] {
    Runtime rt{{.workers = 1}};
    rt.run(on_fiber(function, {.name = "careless"}));
    return 0;
  });
}

bool has_checks() {
  if (WEFT_ASSERTS >= 1) return true;
  weft_test::skip("this build has no internal checks");
  return false;
}

}  // namespace

TEST_CASE("a ThreadMutex held over a suspension is named, with its place, the fiber, and where it suspends") {
  if (!has_checks()) return;
  const Ended ended = run_in_child([] {
    ThreadMutex mutex;
    const ThreadLock lock(mutex);
    this_fiber::yield();
  });
  CHECK(ended.has_aborted_with("a ThreadMutex of"));
  CHECK_THAT(ended.said, Contains("stay_here_test.cpp:") && Contains("The fiber careless began at") && Contains("suspends here"));
}

TEST_CASE("a WorkerHandle kept over a suspension, and a mark of the program's own, are named") {
  if (!has_checks()) return;
  CHECK(run_in_child([] {
          const WorkerHandle worker;
          this_fiber::await(weft::yield());
        }).has_aborted_with("a WorkerHandle of"));
  CHECK(run_in_child([] {
          const weft::StayHere here("the OpenGL context");
          weft::Counter counter(1);
          counter.wait();
        }).has_aborted_with("the OpenGL context of"));
}

TEST_CASE("a BlockingSection in which a fiber suspends is named, with the place where it was made") {
  if (!has_checks()) return;
  const Ended ended = run_in_child([] {
    const weft::BlockingSection section;
    this_fiber::yield();
  });
  CHECK(ended.has_aborted_with(std::string("a BlockingSection of ") + __FILE__ + ":"));
}

TEST_CASE("a blocking call in which a fiber suspends, because a coroutine that runs on it has made the call, is named with its place") {
  if (!has_checks()) return;
  struct Foreign {  // a coroutine of another library, which runs where it is called
    struct promise_type {
      static Foreign get_return_object() noexcept { return {}; }
      static std::suspend_never initial_suspend() noexcept { return {}; }
      static std::suspend_never final_suspend() noexcept { return {}; }
      static void return_void() noexcept {}
      static void unhandled_exception() noexcept {}
    };
  };
  const Ended ended = run_in_child([] {
    const auto calls = []() -> Foreign { co_await weft::blocking([] { this_fiber::yield(); }); };
    calls();
  });
  CHECK(ended.has_aborted_with(std::string("a BlockingSection of ") + __FILE__ + ":"));
}

TEST_CASE("a rounding mode that a fiber leaves behind is named") {
  if (!has_checks()) return;
  CHECK(run_in_child([] {
          std::fesetround(FE_UPWARD);
          this_fiber::yield();
        }).has_aborted_with("another rounding mode"));
}

TEST_CASE("what is given back before a fiber suspends is no mistake") {
  Runtime rt{{.workers = 2}};
  ThreadMutex mutex;
  int count = 0;
  weft::Counter done;
  for (int i = 0; i < 10; ++i) {
    rt.spawn_fiber(
        [&] {
          for (int turn = 0; turn < 100; ++turn) {
            {
              const ThreadLock lock(mutex);
              const WorkerHandle worker;
              count += worker.index() < worker.count() ? 1 : 0;
            }
            {
              const std::lock_guard lock(mutex);
              ++count;
            }
            if (mutex.try_lock()) mutex.unlock();
            this_fiber::yield();
          }
        },
        done);
  }
  done.wait();
  CHECK(count == 2000);
}

TEST_CASE("locks may be unlocked in another order than they were locked") {
  Runtime rt{{.workers = 1}};
  ThreadMutex first, second, third;
  rt.run(on_fiber([&] {
    first.lock();
    second.lock();
    third.lock();
    second.unlock();
    first.unlock();
    third.unlock();
    this_fiber::yield();
  }));
  CHECK(first.try_lock());
  first.unlock();
}

TEST_CASE("a WorkerHandle on no worker is refused") { CHECK_THROWS_AS(WorkerHandle(), weft::UsageError); }
