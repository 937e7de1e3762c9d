// Tasks hand the thread to each other in bounded stack, in every build mode.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/stack_use.hpp"

#include <coroutine>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::kBoundedStack;
using weft_test::kManyHops;
using weft_test::kTenMillion;
using weft_test::StackUse;

namespace {

Task<int> ready(StackUse& stack) {
  stack.note();
  co_return 1;
}

Task<int> await_ready_tasks(int count, StackUse& stack) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += co_await ready(stack);
    stack.note();
  }
  co_return sum;
}

/// Gives the thread to the partner, which gives it back in the same way.
struct HandOver {
  std::coroutine_handle<>& me;
  std::coroutine_handle<>& partner;
  static constexpr bool await_ready() noexcept { return false; }
  weft::Transfer await_suspend(std::coroutine_handle<> self) noexcept {
    me = self;
    return weft::transfer_to(weft::job_of(self), weft::job_of(partner));
  }
  static constexpr void await_resume() noexcept {}
};

struct Pair {
  std::coroutine_handle<> left;
  std::coroutine_handle<> right;
};

Task<> right_of(Pair& pair, StackUse& stack) {
  for (;;) {
    stack.note();
    HandOver over{pair.right, pair.left};
    co_await over;
  }
}

Task<int> left_of(Pair& pair, int count, StackUse& stack) {
  for (int i = 0; i < count; ++i) {
    stack.note();
    HandOver over{pair.left, pair.right};
    co_await over;
  }
  co_return count;
}

/// The partner is started by the first hop, and destroyed in the middle of its loop.
Task<int> hand_off_chain(int count, StackUse& stack) {
  Pair pair;
  Task<> right = right_of(pair, stack);
  right.handle().promise().as_awaited(nullptr, nullptr);
  pair.right = right.handle();
  co_return co_await left_of(pair, count, stack);
}

Task<int> nested(int depth, StackUse& stack) {
  stack.note();
  if (depth == 0) co_return 0;
  const int below = co_await nested(depth - 1, stack);
  stack.note();
  co_return below + 1;
}

Task<int> child(StackUse& stack) {
  stack.note();
  co_return 1;
}

/// Children that nobody steals run one after another: each hop is a final suspension.
Task<int> fork_many(int forks, int width, StackUse& stack) {
  stack.note();  // from here: under a sanitizer this function's frame alone is larger than the bound
  int sum = 0;
  for (int i = 0; i < forks; ++i) {
    std::vector<Task<int>> children;
    children.reserve(static_cast<std::size_t>(width));
    for (int k = 0; k < width; ++k) children.push_back(child(stack));
    const std::vector<int> results = co_await weft::when_all(std::move(children));
    stack.note();
    for (const int result : results) sum += result;
  }
  co_return sum;
}

Task<int> fork_pairs(int forks, StackUse& stack) {
  int sum = 0;
  for (int i = 0; i < forks; ++i) {
    const auto [a, b] = co_await weft::when_all(child(stack), child(stack));
    sum += a + b;
  }
  co_return sum;
}

Task<int> yield_often(int count, StackUse& stack) {
  for (int i = 0; i < count; ++i) {
    co_await weft::yield();
    stack.note();
  }
  co_return count;
}

/// Runs `make(hops, stack)` in full on a worker, and a tenth of it in the loop of sync_wait.
template <class Make>
void check_everywhere(int hops, Make make) {
  SECTION("on a worker") {
    StackUse stack;
    weft::Runtime rt{{.workers = 1}};
    CHECK(rt.run(make(hops, stack)) == hops);
    CHECK(stack.excursion() <= kBoundedStack);
  }
  SECTION("in sync_wait") {
    StackUse stack;
    CHECK(weft::sync_wait(make(hops / 10, stack)) == hops / 10);
    CHECK(stack.excursion() <= kBoundedStack);
  }
}

/// A coroutine of another library, on a thread without any loop of ours.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {}
  };
};

Detached await_ready_tasks_outside(int count, StackUse& stack, int& sum) {
  for (int i = 0; i < count; ++i) {
    sum += co_await ready(stack);
    stack.note();
  }
}

}  // namespace

TEST_CASE("ten million ready awaits take bounded stack") {
  check_everywhere(kTenMillion, [](int hops, StackUse& stack) { return await_ready_tasks(hops, stack); });
}

TEST_CASE("ready awaits in a foreign coroutine outside any runtime take bounded stack") {
  constexpr int kHops = kManyHops / 10;
  StackUse stack;
  int sum = 0;
  await_ready_tasks_outside(kHops, stack, sum);
  CHECK(sum == kHops);
  CHECK(stack.excursion() <= kBoundedStack);
}

TEST_CASE("ten million hops between two tasks take bounded stack") {
  check_everywhere(kTenMillion / 2, [](int rounds, StackUse& stack) { return hand_off_chain(rounds, stack); });
}

TEST_CASE("millions of final suspensions into the next sibling take bounded stack") {
  constexpr int kWidth = 10'000;
  check_everywhere(kManyHops, [](int hops, StackUse& stack) { return fork_many(hops / kWidth, kWidth, stack); });
}

TEST_CASE("a million forks, one after another, take bounded stack") {
  check_everywhere(kManyHops / 10, [](int hops, StackUse& stack) { return fork_pairs(hops / 2, stack); });
}

TEST_CASE("a hundred thousand nested awaits unwind in bounded stack") {
  check_everywhere(100'000, [](int depth, StackUse& stack) { return nested(depth, stack); });
}

TEST_CASE("a million yields take bounded stack") {
  check_everywhere(kManyHops / 10, [](int hops, StackUse& stack) { return yield_often(hops, stack); });
}
