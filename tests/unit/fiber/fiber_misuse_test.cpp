#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"

#include <coroutine>
#include <string>
#include <thread>

using Catch::Matchers::Contains;
using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft::UsageError;
using weft_test::check_aborts;
namespace this_fiber = weft::this_fiber;

TEST_CASE("members of this_fiber say where they were called if that is on no fiber") {
  Counter counter(1);
  CHECK_FALSE(this_fiber::is_one());
  CHECK_THROWS_WITH(this_fiber::yield(), Contains("this_fiber::yield") && Contains("no fiber runs"));
  CHECK_THROWS_WITH(this_fiber::wait(counter), Contains("this_fiber::wait"));
  CHECK_THROWS_WITH(this_fiber::await(weft::yield()), Contains("this_fiber::await"));
  CHECK_THROWS_WITH(this_fiber::blocking([] {}), Contains("this_fiber::blocking"));
  CHECK_THROWS_AS(this_fiber::stop_token(), UsageError);
  CHECK_THROWS_AS(this_fiber::stop_requested(), UsageError);
  CHECK_THROWS_AS(this_fiber::deadline(), UsageError);
  CHECK_THROWS_AS(this_fiber::stop_point(), UsageError);
  Runtime rt{{.workers = 1}};
  rt.run([&]() -> Task<> {
    CHECK_FALSE(this_fiber::is_one());
    CHECK_THROWS_AS(this_fiber::yield(), UsageError);
    co_await on_fiber([] { CHECK(this_fiber::is_one()); });
    CHECK_FALSE(this_fiber::is_one());
  });
  counter.sub();
}

TEST_CASE("what a fiber awaits or spawns does not run on the fiber") {
  Runtime rt{{.workers = 1}};
  auto looks = []() -> Task<bool> { co_return this_fiber::is_one(); };
  rt.run(on_fiber([&looks] {
    CHECK_FALSE(this_fiber::await(looks()));
    bool is_fiber = true;
    Counter counter;
    weft::spawn([&is_fiber] { is_fiber = this_fiber::is_one(); }, counter);
    counter.wait();
    CHECK_FALSE(is_fiber);
  }));
}

TEST_CASE("a counter waited for on a worker, but on no fiber, names the fiber as a way out") {
  Runtime rt{{.workers = 1}};
  Counter counter(1);
  rt.run([&counter] { CHECK_THROWS_WITH(counter.wait(), Contains("on_fiber")); });
  counter.sub();
}

TEST_CASE("a stack that is too large is refused, with the largest there is") {
  Runtime rt{{.workers = 1}};
  const std::size_t too_large = std::size_t{1} << 40;
  CHECK_THROWS_WITH(rt.run(on_fiber([] {}, {.stack_size = too_large})), Contains("128 MiB"));
  Counter counter;
  CHECK_THROWS_AS(rt.spawn_fiber([] {}, counter, {.stack_size = too_large}), UsageError);
  CHECK(counter.is_complete());
}

TEST_CASE("spawn_fiber outside a runtime says what to call instead") {
  Counter counter;
  CHECK_THROWS_WITH(weft::spawn_fiber([] {}, counter), Contains("spawn_fiber was called outside a runtime: call Runtime::spawn_fiber,"));
  CHECK(counter.is_complete());
}

TEST_CASE("run and shutdown are refused on a fiber, which would block the worker") {
  Runtime rt{{.workers = 1}};
  rt.run(on_fiber([&rt] {
    CHECK_THROWS_AS(rt.run([] {}), UsageError);
    CHECK_THROWS_AS(rt.shutdown(), UsageError);
  }));
}

TEST_CASE("a coroutine that is destroyed while its fiber waits, and destroy() on a fiber, end the process with a sentence") {
  struct Foreign {  // a coroutine of another library
    struct promise_type {
      Foreign get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      static std::suspend_never initial_suspend() noexcept { return {}; }
      static std::suspend_always final_suspend() noexcept { return {}; }
      static void return_void() noexcept {}
      static void unhandled_exception() noexcept {}
    };
    std::coroutine_handle<promise_type> handle;
  };
  static weft::Event event;
  const auto awaits = []() -> Foreign {
    auto task = on_fiber([] { event.wait(); });
    co_await std::move(task);
  };
  check_aborts("destroyed while the function that it awaits by on_fiber", [&awaits] { awaits().handle.destroy(); });
  struct Destroys {
    static constexpr bool await_ready() noexcept { return false; }
    static void await_suspend(std::coroutine_handle<> self) { self.destroy(); }
    static constexpr void await_resume() noexcept {}
  };
  check_aborts("destroy() was called on the handle of a fiber", [] {
    Runtime rt{{.workers = 1}};
    rt.run(on_fiber([] { this_fiber::await(Destroys()); }));
  });
}

TEST_CASE("a fiber that visits another runtime forks there, and is counted where it came from") {
  Runtime home{{.workers = 1}};
  Runtime away{{.workers = 1}};
  int calls = 0;
  home.run(on_fiber([&] {
    this_fiber::await(weft::resume_on(away.executor()));
    weft::parallel_invoke([&calls] { ++calls; }, [&calls] { ++calls; }, [&calls] { ++calls; });
    this_fiber::await(weft::resume_on(home.executor()));
  }));
  CHECK(calls == 3);
  CHECK(home.shutdown().is_complete());
  CHECK(away.shutdown().is_complete());
}
