// Tasks inside coroutine types of other libraries, and their awaitables inside tasks.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/small_tasks.hpp"

#include <atomic>
#include <coroutine>
#include <exception>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::fails;
using weft_test::value_of;

namespace {

/// Somebody else's coroutine: starts at once, keeps its own result, knows nothing of weft.
class Eager {
 public:
  struct promise_type {
    Eager get_return_object() { return Eager(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(int result) { value = result; }
    void unhandled_exception() { error = std::current_exception(); }
    std::optional<int> value;
    std::exception_ptr error;
  };

  explicit Eager(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Eager(const Eager&) = delete;
  Eager& operator=(const Eager&) = delete;
  ~Eager() { handle_.destroy(); }

  [[nodiscard]] bool is_done() const { return handle_.done(); }
  [[nodiscard]] int get() const {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return handle_.promise().value.value();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

Task<int> sum_of(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await value_of(1);
  co_return sum;
}

Eager awaits_tasks(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await value_of(1);
  co_return sum;
}
Eager awaits(Task<int> task) { co_return co_await std::move(task); }
Eager forks() {
  const auto [a, b] = co_await weft::when_all(value_of(2), sum_of(3));
  co_return a * 10 + b;
}
Eager waits(weft::Counter& counter) {
  co_await counter;
  co_return 1;
}

/// Somebody else's awaitable.
struct AddLater {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiting = awaiting; }
  [[nodiscard]] int await_resume() const noexcept { return 5; }
  std::coroutine_handle<>& waiting;
};
Task<int> awaits_foreign(std::coroutine_handle<>& waiting) {
  AddLater later{waiting};
  const int first = co_await later;
  const int second = co_await value_of(2);
  co_return first + second;
}

}  // namespace

TEST_CASE("a task is awaited by a foreign coroutine on a thread that runs no runtime") {
  const Eager coroutine = awaits_tasks(100);
  REQUIRE(coroutine.is_done());
  CHECK(coroutine.get() == 100);
}

TEST_CASE("an exception of a task reaches a foreign coroutine") {
  const Eager coroutine = awaits(fails());
  REQUIRE(coroutine.is_done());
  CHECK_THROWS_WITH(coroutine.get(), "child");
}

TEST_CASE("when_all works in a foreign coroutine outside any runtime") {
  const Eager coroutine = forks();
  REQUIRE(coroutine.is_done());
  CHECK(coroutine.get() == 23);
}

TEST_CASE("a foreign coroutine that waits for a counter is resumed by the thread that brings it to zero") {
  weft::Counter counter(1);
  const Eager coroutine = waits(counter);
  CHECK_FALSE(coroutine.is_done());
  counter.sub();
  CHECK(coroutine.is_done());
}

TEST_CASE("a foreign coroutine on a worker awaits tasks") {
  weft::Runtime rt{{.workers = 2}};
  const int result = rt.run([] {
    const Eager coroutine = awaits_tasks(1000);
    return coroutine.is_done() ? coroutine.get() : -1;
  });
  CHECK(result == 1000);
}

TEST_CASE("a task that a foreign coroutine began inside another task is not lost when that one goes on") {
  weft::Runtime rt{{.workers = 1}};
  weft::Counter ended(1);
  std::unique_ptr<Eager> coroutine;
  auto inner = [](weft::Counter& counter) -> Task<int> {
    counter.sub();
    co_return 4;
  };
  auto outer = [&]() -> Task<int> {
    coroutine.reset(new Eager(awaits(inner(ended))));
    const int own = co_await value_of(3);
    co_await ended;
    co_return own;
  };
  CHECK(rt.run(outer()) == 3);
}

TEST_CASE("a task awaits somebody else's awaitable and is resumed by hand") {
  std::coroutine_handle<> waiting;
  const Eager coroutine = awaits(awaits_foreign(waiting));
  REQUIRE(waiting);
  CHECK_FALSE(coroutine.is_done());
  waiting.resume();
  if (!coroutine.is_done()) FAIL("resumed, and not done");
  CHECK(coroutine.get() == 7);
}

TEST_CASE("a task that is resumed by hand inside a job awaits others, and the job goes on with its own") {
  weft::Runtime rt{{.workers = 1}};
  std::coroutine_handle<> waiting;
  weft::Counter counter;
  int got = 0;
  auto keeps = [](std::coroutine_handle<>& to, int& result) -> Task<> { result = co_await awaits_foreign(to); };
  auto resumes = [](std::coroutine_handle<>& from) -> Task<int> {
    from.resume();
    co_return co_await value_of(8);
  };
  auto parent = [&]() -> Task<int> {
    weft::spawn(keeps(waiting, got), counter);
    while (!waiting) co_await weft::yield();
    const int own = co_await resumes(waiting);
    co_await counter;
    co_return own;
  };
  CHECK(rt.run(parent()) == 8);
  CHECK(got == 7);
}

TEST_CASE("a task inside a runtime awaits somebody else's awaitable, completed by another thread") {
  weft::Runtime rt{{.workers = 2}};
  struct OtherThread {
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
      thread = std::thread([awaiting] { awaiting.resume(); });
    }
    void await_resume() noexcept {}
    std::thread& thread;
  };
  std::thread thread;
  auto task = [](std::thread& other) -> Task<int> {
    OtherThread hop{other};
    co_await hop;
    co_return co_await value_of(9);
  };
  CHECK(rt.run(task(thread)) == 9);
  thread.join();
}

TEST_CASE("a task that belongs to no runtime may use a group after it has moved to one") {
  auto rt = std::make_unique<weft::Runtime>(weft::RuntimeOptions{.workers = 2});
  std::atomic<int> sum{0};
  auto moves = [&]() -> Task<int> {
    co_await weft::resume_on(rt->executor());
    auto body = [&](weft::TaskGroup& group) -> Task<> {
      group.spawn([&] { sum.fetch_add(1); });
      group.spawn([&] { sum.fetch_add(2); });
      co_return;
    };
    co_await weft::with_task_group(body);
    co_return sum.load();
  };
  std::latch is_done(1);
  auto awaits = [&]() -> Eager {
    const int got = co_await moves();
    is_done.count_down();
    co_return got;
  };
  const Eager eager = awaits();
  is_done.wait();
  CHECK(rt->shutdown().is_complete());
  rt.reset();  // only now the coroutine has surely come to its end
  CHECK(eager.get() == 3);
}
