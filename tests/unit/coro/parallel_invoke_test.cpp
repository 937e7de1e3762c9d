#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

using weft::parallel_invoke;
using weft::Task;

namespace {

long fib(int n) {
  if (n < 2) return n;
  const auto [a, b] = parallel_invoke([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return a + b;
}

/// How often each of three callables was called, one of which throws, and what came out.
struct Calls {
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  std::atomic<int> third{0};

  std::string call_throwing(int which) {
    try {
      parallel_invoke([&] { count(first, 1, which); }, [&] { count(second, 2, which); },
                      [&] { count(third, 3, which); });
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing";
  }
  [[nodiscard]] bool are_all_once() const { return first == 1 && second == 1 && third == 1; }

 private:
  static void count(std::atomic<int>& calls, int me, int which) {
    calls.fetch_add(1);
    if (which == me || which == 0) throw std::runtime_error(std::to_string(me));
  }
};

}  // namespace

TEST_CASE("parallel_invoke returns a tuple in argument order, with void elided") {
  const auto checks = [] {
    const auto results = parallel_invoke([] { return 1; }, [] {}, [] { return std::string("three"); });
    STATIC_REQUIRE(std::is_same_v<decltype(results), const std::tuple<int, std::monostate, std::string>>);
    const auto [pointer, number] = parallel_invoke([] { return std::make_unique<int>(5); }, [] { return 6; });
    STATIC_REQUIRE(std::is_void_v<decltype(parallel_invoke([] {}, [] {}))>);
    int called = 0;
    parallel_invoke([&] { ++called; });
    return std::get<0>(results) == 1 && std::get<2>(results) == "three" && *pointer + number == 11 && called == 1;
  };
  CHECK(checks());
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run(checks));
  }
}

TEST_CASE("parallel_invoke gives references and values that only move") {
  int a = 1;
  int b = 2;
  const auto check = [&] {
    auto results = parallel_invoke([&]() -> int& { return a; }, [] { return std::make_unique<int>(5); },
                                   [&]() -> int& { return b; });
    STATIC_REQUIRE(std::is_same_v<decltype(results), std::tuple<int&, std::unique_ptr<int>, int&>>);
    return &std::get<0>(results) == &a && *std::get<1>(results) == 5 && &std::get<2>(results) == &b;
  };
  CHECK(check());
  weft::Runtime rt{{.workers = 2}};
  CHECK(rt.run(check));
}

TEST_CASE("nested parallel_invoke computes fib, in jobs, in tasks, and outside any runtime") {
  CHECK(fib(15) == 610);
  auto task = []() -> Task<long> { co_return fib(18); };
  for (const unsigned workers : {1u, 2u, 4u, 8u}) {
    weft::Runtime rt{{.workers = workers}};
    CHECK(rt.run([] { return fib(18); }) == 2584);
    CHECK(rt.run(task()) == 2584);
  }
}

TEST_CASE("every callable is called exactly once when one throws, and the first exception in order comes out") {
  const auto check = [] {
    for (int which = 0; which <= 3; ++which) {
      Calls calls;
      const std::string said = calls.call_throwing(which);
      if (!calls.are_all_once()) return false;
      if (said != std::to_string(which == 0 ? 1 : which)) return false;
    }
    return true;
  };
  for (const unsigned workers : {1u, 2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    for (int round = 0; round < 50; ++round) REQUIRE(rt.run(check));
  }
}

TEST_CASE("outside a runtime, too, every callable is called exactly once when one throws") {
  for (int which = 0; which <= 3; ++which) {
    Calls calls;
    CHECK(calls.call_throwing(which) == std::to_string(which == 0 ? 1 : which));
    CHECK(calls.are_all_once());
  }
}

TEST_CASE("a stolen callable's exception comes back") {
  weft::Runtime rt{{.workers = 2}};
  for (int round = 0; round < 100; ++round) {
    std::atomic<bool> is_stolen{false};
    CHECK_THROWS_WITH(rt.run([&] {
      parallel_invoke(
          [&] {
            while (!is_stolen.load()) std::this_thread::yield();
          },
          [&] {
            is_stolen.store(true);
            throw std::runtime_error("stolen");
          });
    }),
                      "stolen");
  }
}

TEST_CASE("callables may refer to the caller's locals, and be lvalues") {
  weft::Runtime rt{{.workers = 4}};
  const bool right = rt.run([] {
    for (int round = 0; round < 2000; ++round) {
      int a = 0;
      int b = 0;
      auto write_a = [&] { a = round; };
      auto write_b = [&] { b = round; };
      parallel_invoke(write_a, write_b);
      if (a != round || b != round) return false;
    }
    return true;
  });
  CHECK(right);
}

TEST_CASE("a callable that has a name keeps what it changes, and a temporary is called as it is, whatever its kind") {
  weft::Runtime rt{{.workers = 2}};
  const auto checks = [] {
    auto counts = [n = 0]() mutable { return ++n; };
    auto counts_too = [n = 10]() mutable { return ++n; };
    for (int round = 1; round <= 3; ++round) {
      const auto [a, b] = parallel_invoke(counts, counts_too);
      if (a != round || b != 10 + round) return false;
    }
    const auto constant = [] { return 5; };
    int (*const pointer)() = [] { return 6; };
    std::array<int, 64> large{};
    large.back() = 7;
    const auto [c, d, e, f, g] = parallel_invoke(constant, constant, pointer, [large] { return large.back(); },
                                                 [own = std::make_unique<int>(8)]() mutable { return ++*own; });
    return c == 5 && d == 5 && e == 6 && f == 7 && g == 9;
  };
  CHECK(rt.run(checks));
  CHECK(checks());
}

namespace {

/// Forks itself, so that parallel_invoke is inlined into what it calls.
struct Fibonacci {
  int n;
  long operator()() const {
    if (n < 2) return n;
    const auto [a, b] = parallel_invoke(Fibonacci{n - 1}, Fibonacci{n - 2});
    return a + b;
  }
};

/// Throws when it is moved after its construction more often than `moves`.
struct Movable {
  explicit Movable(int moves) : moves_left(moves) {}
  Movable(Movable&& other) : moves_left(other.moves_left - 1) {
    if (moves_left < 0) throw std::runtime_error("moved");
  }
  int moves_left;
  weft_test::Counted alive{0};
};

}  // namespace

TEST_CASE("a callable may fork copies of itself") {
  weft::Runtime rt{{.workers = 2}};
  CHECK(rt.run(Fibonacci{18}) == 2584);
  CHECK(Fibonacci{10}() == 55);
}

TEST_CASE("a stolen result that throws when it is moved is destroyed all the same") {
  weft::Runtime rt{{.workers = 2}};
  const auto steal = [](int moves) {
    std::atomic<bool> is_done{false};
    parallel_invoke(
        [&] {
          while (!is_done.load()) std::this_thread::yield();
        },
        [&] {
          is_done.store(true);
          return Movable(moves);
        });
  };
  CHECK_THROWS_WITH(rt.run([&] { steal(1); }), "moved");  // the first move is that into the outcome
  CHECK(weft_test::Counted::alive() == 0);
  CHECK_NOTHROW(rt.run([&] { steal(9); }));
  CHECK(weft_test::Counted::alive() == 0);
}

TEST_CASE("results of stolen callables, and of stolen ones that nobody wants any more, are destroyed once each") {
  weft::Runtime rt{{.workers = 2}};
  // The first waits until the second has been stolen and has ended, and then throws or not.
  const auto steal = [](bool throws) {
    std::atomic<bool> is_done{false};
    auto [a, b] = parallel_invoke(
        [&] {
          while (!is_done.load()) std::this_thread::yield();
          if (throws) throw std::runtime_error("first");
          return 1;
        },
        [&] {
          is_done.store(true);
          return weft_test::Counted(2);
        });
    return a + b.value();
  };
  CHECK(rt.run([&] { return steal(false); }) == 3);
  CHECK(weft_test::Counted::alive() == 0);
  CHECK_THROWS_WITH(rt.run([&] { return steal(true); }), "first");
  CHECK(weft_test::Counted::alive() == 0);
}

TEST_CASE("parallel_invoke while a mutex is held, with descendants stolen, does not deadlock") {
  weft::Runtime rt{{.workers = 4}};
  std::mutex mutex;
  std::atomic<long> sum{0};
  weft::Counter counter;
  for (int i = 0; i < 200; ++i) {
    rt.spawn(
        [&] {
          const std::lock_guard lock(mutex);
          sum.fetch_add(fib(10));
        },
        counter);
  }
  counter.wait();
  CHECK(sum.load() == 200 * 55);
}

TEST_CASE("unrelated jobs never run on the stack of a waiting parallel_invoke") {
  weft::Runtime rt{{.workers = 2}};
  static thread_local int depth = 0;
  std::atomic<int> intruders{0};
  weft::Counter counter;
  const auto unrelated = [&] {
    if (depth != 0) intruders.fetch_add(1);
  };
  const auto waits = [&] {
    if (depth != 0) intruders.fetch_add(1);
    ++depth;
    std::atomic<bool> is_stolen{false};
    std::atomic<int> left{50};
    parallel_invoke(
        [&] {
          // Until a thief is inside the other, which then takes a while: the join below has to wait.
          for (int i = 0; i < 2000 && !is_stolen.load(); ++i) std::this_thread::yield();
        },
        [&] {
          is_stolen.store(true);
          const int outside = std::exchange(depth, 0);
          while (left.fetch_sub(1) > 0) static_cast<void>(fib(6));
          depth = outside;
        });
    --depth;
  };
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 10; ++i) rt.spawn(unrelated, counter);
    rt.spawn(waits, counter);
    for (int i = 0; i < 10; ++i) rt.spawn(unrelated, counter);
  }
  counter.wait();
  CHECK(intruders.load() == 0);
}

TEST_CASE("a forked task that lies in the thief's deque does not run on the stack that waits for the thief") {
  using Clock = std::chrono::steady_clock;
  weft::Runtime rt{{.workers = 2}};
  static thread_local bool is_waiting = false;
  std::atomic<bool> is_invoking{false};
  std::atomic<bool> is_stolen{false};
  std::atomic<int> intruders{0};
  weft::Counter gate(1);
  // On one worker, urgent: forks `second`, which the other worker takes, and waits for it.
  const auto invokes = [&] {
    is_waiting = true;
    const auto first = [&] {
      is_invoking.store(true);
      while (!is_stolen.load()) std::this_thread::yield();
    };
    const auto second = [&] {
      is_stolen.store(true);
      // Long enough for the waiting worker to look into this one's deques.
      for (const auto until = Clock::now() + std::chrono::milliseconds(5); Clock::now() < until;) std::this_thread::yield();
    };
    parallel_invoke(first, second);
    is_waiting = false;
    gate.sub();
  };
  // On the other: suspends with its second child still in the deque, and goes on with `second`, which is more urgent.
  auto suspends = [](weft::Counter& until) -> Task<> { co_await until; };
  auto child = [](std::atomic<int>& wrong) -> Task<> {
    if (is_waiting) wrong.fetch_add(1);
    co_return;
  };
  auto parent = [&](weft::Counter& counter) -> Task<> {
    weft::spawn(invokes, counter, {.priority = weft::Priority::High});
    while (!is_invoking.load()) std::this_thread::yield();
    co_await weft::when_all(suspends(gate), child(intruders));
  };
  weft::Counter counter;
  rt.spawn(parent(counter), counter);
  counter.wait();
  CHECK(intruders.load() == 0);
}

TEST_CASE("a forker that waits helps with what its thief has forked") {
  // Three callables that must run at the same time, of which one worker has forked two: the forker has to take one.
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> inside{0};
  std::atomic<bool> is_stolen{false};
  const auto meet = [&] {
    inside.fetch_add(1);
    while (inside.load() < 2) std::this_thread::yield();
  };
  rt.run([&] {
    parallel_invoke(
        [&] {
          while (!is_stolen.load()) std::this_thread::yield();
        },
        [&] {
          is_stolen.store(true);
          parallel_invoke(meet, meet);
        });
  });
  CHECK(inside.load() == 2);
}

TEST_CASE("parallel_invoke inside a forked task finds its own callables above its siblings") {
  weft::Runtime rt{{.workers = 3}};
  auto child = [](int n) -> Task<long> { co_return fib(n); };
  auto parent = [&]() -> Task<long> {
    const auto [a, b, c] = co_await weft::when_all(child(10), child(11), child(12));
    co_return a + b + c;
  };
  for (int round = 0; round < 100; ++round) REQUIRE(rt.run(parent()) == 55 + 89 + 144);
}
