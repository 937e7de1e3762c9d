#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "base/valgrind.hpp"
#include "support/many.hpp"
#include "support/small_tasks.hpp"
#include "support/stack_use.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft_test::value_of;
namespace this_fiber = weft::this_fiber;

namespace {

Task<int> fails() {
  throw std::runtime_error("from a task");
  co_return 0;
}

const int kMany = weft_test::kSanitized || weft::is_on_valgrind() ? 20'000 : 1'000'000;

}  // namespace

TEST_CASE("a fiber awaits tasks, forks and loops") {
  Runtime rt{{.workers = 2}};
  rt.run(on_fiber([] {
    CHECK(this_fiber::await(value_of(1)) == 1);
    auto task = value_of(2);
    CHECK(this_fiber::await(std::move(task)) == 2);
    const auto [a, b] = this_fiber::await(weft::when_all(value_of(3), value_of(4)));
    CHECK(a + b == 7);
    const auto first = this_fiber::await(weft::when_any(value_of(5), value_of(6)));
    CHECK(first.index() < 2);
    std::vector<int> squares(1000);
    this_fiber::await(weft::parallel_for(0, 1000, [&squares](int i) { squares[static_cast<std::size_t>(i)] = i * i; }));
    CHECK(squares[999] == 999 * 999);
  }));
}

TEST_CASE("a fiber gets the exception of what it awaits") {
  Runtime rt{{.workers = 2}};
  rt.run(on_fiber([] {
    CHECK_THROWS_WITH(this_fiber::await(fails()), "from a task");
    CHECK_THROWS_WITH(this_fiber::await(weft::when_all(fails(), value_of(1))), "from a task");
    Counter counter;
    weft::spawn([] { throw std::runtime_error("counted"); }, counter);
    CHECK_THROWS_WITH(counter.wait(), "counted");
  }));
}

TEST_CASE("awaitables of others suspend a fiber as they would a coroutine") {
  struct Ready {
    static constexpr bool await_ready() noexcept { return true; }
    static void await_suspend(std::coroutine_handle<>) { throw std::logic_error("it is ready"); }
    static constexpr int await_resume() noexcept { return 1; }
  };
  struct DoesNotSuspend {
    static constexpr bool await_ready() noexcept { return false; }
    static bool await_suspend(std::coroutine_handle<>) noexcept { return false; }
    static constexpr int await_resume() noexcept { return 2; }
  };
  struct Throws {
    static constexpr bool await_ready() noexcept { return false; }
    static bool await_suspend(std::coroutine_handle<>) { throw std::runtime_error("await_suspend"); }
    static constexpr void await_resume() noexcept {}
  };
  struct TransfersBack {
    static constexpr bool await_ready() noexcept { return false; }
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept { return self; }
    static constexpr int await_resume() noexcept { return 3; }
  };
  struct HasMember {
    Ready operator co_await() const noexcept { return {}; }
  };
  Runtime rt{{.workers = 1}};
  rt.run(on_fiber([] {
    CHECK(this_fiber::await(Ready()) == 1);
    CHECK(this_fiber::await(DoesNotSuspend()) == 2);
    CHECK_THROWS_WITH(this_fiber::await(Throws()), "await_suspend");
    CHECK(this_fiber::await(TransfersBack()) == 3);
    CHECK(this_fiber::await(HasMember()) == 1);
  }));
}

TEST_CASE("the stack of the worker does not grow with the number of awaits of a fiber") {
  Runtime rt{{.workers = 1}};
  weft_test::StackUse use;
  struct Depth {
    static Task<> note(weft_test::StackUse& use) {
      use.note();
      co_return;
    }
    static Task<> note_in_fork(weft_test::StackUse& use) { co_await weft::when_all(note(use), note(use)); }
  };
  rt.run(on_fiber([&use] {
    for (int i = 0; i < kMany; ++i) this_fiber::await(Depth::note(use));
    for (int i = 0; i < kMany / 10; ++i) this_fiber::await(Depth::note_in_fork(use));
    for (int i = 0; i < kMany / 10; ++i) this_fiber::await(on_fiber([&use] { this_fiber::await(Depth::note(use)); }));
  }));
  CHECK(use.excursion() < weft_test::kBoundedStack);
}

TEST_CASE("the stack of a fiber does not grow with the number of its turns") {
  Runtime rt{{.workers = 1}};
  weft_test::StackUse use;
  rt.run(on_fiber([&use] {
    Counter counter;
    for (int i = 0; i < kMany; ++i) {
      use.note();
      this_fiber::yield();
      if (i % 4 != 0) continue;
      weft::spawn([] {}, counter);
      counter.wait();
    }
  }));
  CHECK(use.excursion() < weft_test::kBoundedStack);
}

TEST_CASE("a million fibers, one after another and all at once, use a few stacks") {
  Runtime rt{{.workers = 1}};
  int runs = 0;
  rt.run([&runs]() -> Task<> {
    Counter counter;
    for (int i = 0; i < kMany; ++i) weft::spawn_fiber([&runs] { ++runs; }, counter);
    co_await counter;
    for (int i = 0; i < kMany; ++i) co_await on_fiber([&runs] { ++runs; });
  });
  CHECK(runs == 2 * kMany);
}
