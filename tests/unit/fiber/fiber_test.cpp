#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/small_tasks.hpp"
#include "support/thread_here.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::spawn_fiber;
using weft::Task;
using weft_test::Counted;
using weft_test::thread_here;
using weft_test::value_of;
namespace this_fiber = weft::this_fiber;

namespace {

int sum_to(int n) { return n == 0 ? 0 : n + sum_to(n - 1); }

}  // namespace

TEST_CASE("a coroutine awaits a function on a fiber and gets its result") {
  Runtime rt{{.workers = 2}};
  auto task = []() -> Task<int> {
    const int sum = co_await on_fiber([] { return sum_to(100); });
    co_return sum + 1;
  };
  CHECK(rt.run(task()) == 5051);
  CHECK(rt.run(on_fiber([] { return std::string("text"); })) == "text");
  int variable = 1;
  rt.run(on_fiber([&variable]() -> int& { return variable; })) = 2;
  CHECK(variable == 2);
  rt.run(on_fiber([&variable] { variable = 3; }));
  CHECK(variable == 3);
}

TEST_CASE("what is only movable goes into a fiber and comes out of it") {
  Runtime rt{{.workers = 1}};
  auto give = [owned = std::make_unique<int>(7)]() mutable { return std::move(owned); };
  CHECK(*rt.run(on_fiber(std::move(give))) == 7);
}

TEST_CASE("an exception that leaves a fiber is thrown by co_await, and is the same object") {
  Runtime rt{{.workers = 2}};
  auto fails = []() -> int { throw std::runtime_error("from a fiber"); };
  auto task = [&fails]() -> Task<std::string> {
    std::string said;
    try {
      static_cast<void>(co_await on_fiber(fails));
    } catch (const std::runtime_error& error) {
      said = error.what();
    }
    co_return said;
  };
  CHECK(rt.run(task()) == "from a fiber");
}

TEST_CASE("a fiber waits for a counter while its worker runs what the counter counts") {
  Runtime rt{{.workers = 1}};
  int done = 0;
  rt.run(on_fiber([&done] {
    Counter counter;
    for (int i = 0; i < 10; ++i) weft::spawn([&done] { ++done; }, counter);
    this_fiber::wait(counter);
    CHECK(done == 10);
    for (int i = 0; i < 10; ++i) weft::spawn([&done] { ++done; }, counter);
    counter.wait();
  }));
  CHECK(done == 20);
}

TEST_CASE("a coroutine and a thread wait for fibers by their counter") {
  Runtime rt{{.workers = 2}};
  std::atomic<int> done{0};
  auto task = [&done]() -> Task<> {
    Counter counter;
    for (int i = 0; i < 100; ++i) spawn_fiber([&done] { done.fetch_add(1); }, counter);
    co_await counter;
  };
  rt.run(task());
  CHECK(done.load() == 100);
  Counter counter;
  for (int i = 0; i < 100; ++i) rt.spawn_fiber([&done] { done.fetch_add(1); }, counter);
  counter.wait();
  CHECK(done.load() == 200);
}

TEST_CASE("fibers that yield take turns on one worker") {
  Runtime rt{{.workers = 1}};
  std::string order;
  auto task = [&order]() -> Task<> {
    Counter counter;
    for (const char letter : {'a', 'b', 'c'}) {
      spawn_fiber(
          [&order, letter] {
            for (int i = 0; i < 3; ++i) {
              order += letter;
              this_fiber::yield();
            }
          },
          counter);
    }
    co_await counter;
  };
  rt.run(task());
  CHECK(order == "abcabcabc");
}

TEST_CASE("a fiber yields to coroutines, and they to it") {
  Runtime rt{{.workers = 1}};
  std::string order;
  auto coroutine = [&order]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      order += 'c';
      co_await weft::yield();
    }
  };
  auto fiber = [&order] {
    for (int i = 0; i < 3; ++i) {
      order += 'f';
      this_fiber::yield();
    }
  };
  auto parent = [&]() -> Task<> { co_await weft::when_all(coroutine(), on_fiber(fiber)); };
  rt.run(parent());
  CHECK(order == "cfcfcf");
}

TEST_CASE("a fiber goes on where it is taken, and not only where it was suspended") {
  Runtime rt{{.workers = 2}};
  // A fiber that is woken lies on the deque of the worker that woke it. One job blocks that worker, so the other has to take it.
  std::atomic<bool> is_through{false};
  long waker = 0, woken = 0;
  Counter gate(1);
  Counter all;
  auto waits = [&] {
    gate.wait();
    woken = thread_here();
    is_through.store(true);
  };
  auto wakes = [&] {
    waker = thread_here();
    gate.sub();
    while (!is_through.load()) std::this_thread::yield();
  };
  rt.run([&]() -> Task<> {
    spawn_fiber(waits, all);
    co_await weft::yield();
    weft::spawn(wakes, all);
    co_await all;
  });
  CHECK(waker != woken);
}

TEST_CASE("the callable of a fiber is destroyed before its counter goes down, and exactly once") {
  Runtime rt{{.workers = 2}};
  const int before = Counted::alive();
  for (int i = 0; i < 100; ++i) {
    Counter counter;
    rt.spawn_fiber([counted = Counted(i)] { static_cast<void>(counted.value()); }, counter);
    counter.wait();
    CHECK(Counted::alive() == before);
    CHECK(rt.run(on_fiber([counted = Counted(i)] { return counted.value(); })) == i);
    CHECK(Counted::alive() == before);
  }
}

TEST_CASE("the destructor of a spawned callable may wait") {
  Runtime rt{{.workers = 1}};
  struct WaitsAtItsEnd {
    explicit WaitsAtItsEnd(int& count) : value(&count) {}
    WaitsAtItsEnd(WaitsAtItsEnd&& other) noexcept : value(std::exchange(other.value, nullptr)) {}
    ~WaitsAtItsEnd() {
      if (value == nullptr) return;
      Counter counter;
      weft::spawn([this] { ++*value; }, counter);
      counter.wait();
    }
    void operator()() const { ++*value; }
    int* value;
  };
  int count = 0;
  Counter counter;
  rt.spawn_fiber(WaitsAtItsEnd(count), counter);
  counter.wait();
  CHECK(count == 2);
}

TEST_CASE("an exception of a spawned fiber is thrown to whoever awaits its counter") {
  Runtime rt{{.workers = 2}};
  Counter counter;
  rt.spawn_fiber([] { throw std::runtime_error("spawned"); }, counter);
  CHECK_THROWS_WITH(counter.wait(), "spawned");
}

TEST_CASE("a fiber awaits a handle, and is awaited through one") {
  Runtime rt{{.workers = 2}};
  const int sum = rt.run(on_fiber([] {
    auto handle = weft::spawn(on_fiber([] { return 40; }));
    return handle.wait() + this_fiber::await(weft::spawn([] { return 2; }));
  }));
  CHECK(sum == 42);
}

TEST_CASE("a fiber runs inside sync_wait, without a runtime") {
  const int sum = weft::sync_wait(on_fiber([] {
    Counter counter;
    int value = 0;
    for (int i = 1; i <= 4; ++i) spawn_fiber([&value, i] { value += i; }, counter);
    counter.wait();
    this_fiber::yield();
    return value + this_fiber::await(value_of(32));
  }));
  CHECK(sum == 42);
}

TEST_CASE("fibers nest: one awaits another, which awaits another") {
  Runtime rt{{.workers = 2}};
  struct Nest {
    static int depth(int n) { return n == 0 ? 0 : 1 + this_fiber::await(on_fiber([n] { return depth(n - 1); })); }
  };
  CHECK(rt.run(on_fiber([] { return Nest::depth(200); })) == 200);
}

TEST_CASE("a large stack holds what a small one does not") {
  Runtime rt{{.workers = 1}};
  struct Deep {
    WEFT_NOINLINE static std::size_t recurse(std::size_t bytes) {
      volatile char block[1024];
      block[0] = static_cast<char>(bytes);
      const std::size_t below = bytes > sizeof(block) ? recurse(bytes - sizeof(block)) : 0;
      return below + sizeof(block) + static_cast<std::size_t>(block[0]) * 0;
    }
  };
  CHECK(rt.run(on_fiber([] { return Deep::recurse(3 << 20); }, {.stack_size = 8 << 20})) == 3 << 20);
  Counter counter;
  std::size_t depth = 0;
  rt.spawn_fiber([&depth] { depth = Deep::recurse(400 << 10); }, counter, {.stack_size = 1 << 20, .name = "deep"});
  counter.wait();
  CHECK(depth == 400 << 10);
}

TEST_CASE("fibers on foreign threads: whoever resumes one runs it, and resume_on brings it back") {
  Runtime rt{{.workers = 1}};
  struct OnNewThread {
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { thread = std::thread([handle] { handle.resume(); }); }
    static constexpr void await_resume() noexcept {}
    std::thread& thread;
  };
  std::thread thread;
  long here = 0, foreign = 0, back = 0;
  rt.run(on_fiber([&] {
    here = thread_here();
    OnNewThread moves{thread};
    this_fiber::await(moves);
    foreign = thread_here();
    this_fiber::yield();  // nobody to yield to, out there
    this_fiber::await(weft::resume_on(rt.executor()));
    back = thread_here();
  }));
  thread.join();
  CHECK(here != foreign);
  CHECK(back != foreign);
}
