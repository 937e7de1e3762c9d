#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"
#include "support/waiting.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Event;
using weft::on_fiber;
using weft::Runtime;
using weft::Task;
using weft::UsageError;
using weft_test::check_aborts;
using weft_test::Kind;
using weft_test::kKinds;
namespace this_fiber = weft::this_fiber;

namespace {

/// Runs a function on each kind of thing that can wait; `wait(event)` waits as that kind does.
class Actors {
 public:
  explicit Actors(Runtime& rt) : rt_(rt) {}
  Actors(const Actors&) = delete;
  Actors& operator=(const Actors&) = delete;
  ~Actors() {
    done_.wait();
    for (std::thread& thread : threads_) thread.join();
  }

  void set(Kind kind, Event& event) {
    start(kind, [&event] { event.set(); });
  }
  void wait(Kind kind, Event& event, std::atomic<int>& woken) {
    if (kind == Kind::Coroutine) {
      rt_.spawn(await(event, woken), done_);
      return;
    }
    start(kind, [&event, &woken] {
      event.wait();
      woken.fetch_add(1);
    });
  }

 private:
  static Task<> await(Event& event, std::atomic<int>& woken) {
    co_await event;
    woken.fetch_add(1);
  }
  template <class F>
  void start(Kind kind, F function) {
    switch (kind) {
      case Kind::Coroutine: rt_.spawn(function, done_); break;
      case Kind::Fiber: rt_.spawn_fiber(function, done_); break;
      case Kind::Thread: threads_.emplace_back(function); break;
    }
  }

  Runtime& rt_;
  Counter done_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("an event that is set lets everybody go on at once") {
  Event event;
  CHECK_FALSE(event.is_set());
  event.set();
  event.set();
  CHECK(event.is_set());
  event.wait();
  Runtime rt{{.workers = 1}};
  rt.run([&event]() -> Task<> {
    co_await event;
    co_await on_fiber([&event] { event.wait(); });
  });
  CHECK(event.reset());
  CHECK_FALSE(event.reset());
  CHECK_FALSE(event.is_set());
}

TEST_CASE("each kind waits for an event that each kind sets") {
  const Kind waiter = GENERATE(from_range(std::begin(kKinds), std::end(kKinds)));
  const Kind setter = GENERATE(from_range(std::begin(kKinds), std::end(kKinds)));
  Runtime rt{{.workers = 2}};
  for (int round = 0; round < 50; ++round) {
    Event event;
    std::atomic<int> woken{0};
    {
      Actors actors(rt);
      for (int i = 0; i < 3; ++i) actors.wait(waiter, event, woken);
      if (round % 2 == 0) {
        // In every other round they have time to come before it is set.
        for (int i = 0; i < 100; ++i) std::this_thread::yield();
      }
      actors.set(setter, event);
    }
    REQUIRE(woken.load() == 3);
  }
}

TEST_CASE("who waits is woken in the order of coming") {
  Runtime rt{{.workers = 1}};
  std::string order;
  Event event;
  rt.run([&]() -> Task<> {
    Counter counter;
    for (const char letter : {'a', 'b', 'c'}) {
      weft::spawn_fiber(
          [&order, &event, letter] {
            event.wait();
            order.push_back(letter);
          },
          counter);
      co_await weft::yield();
    }
    event.set();
    co_await counter;
  });
  CHECK(order == "abc");
}

TEST_CASE("who waited when the event was set goes on, though it is reset at once") {
  Runtime rt{{.workers = 1}};
  Event event;
  int woken = 0;
  rt.run([&]() -> Task<> {
    Counter counter;
    weft::spawn_fiber(
        [&] {
          event.wait();
          ++woken;
        },
        counter);
    co_await weft::yield();
    event.set();
    event.reset();
    co_await counter;
  });
  CHECK(woken == 1);
  CHECK_FALSE(event.is_set());
}

TEST_CASE("two fibers take turns by two events") {
  const auto workers = GENERATE(1u, 2u);
  Runtime rt{{.workers = workers}};
  Event turn[2];
  int ball = 0;
  Counter done;
  for (int side = 0; side < 2; ++side) {
    rt.spawn_fiber(
        [&, side] {
          for (int i = 0; i < 1000; ++i) {
            turn[side].wait();
            turn[side].reset();
            if (ball % 2 != side) return;
            ++ball;
            turn[1 - side].set();
          }
        },
        done);
  }
  turn[0].set();
  done.wait();
  CHECK(ball == 2000);
}

TEST_CASE("an event waited for on a worker, but on no fiber, is refused") {
  Runtime rt{{.workers = 1}};
  Event event;
  rt.run([&event] { CHECK_THROWS_AS(event.wait(), UsageError); });
}

TEST_CASE("an event that is destroyed while somebody waits for it ends the process with a sentence") {
  check_aborts("an Event was destroyed while somebody waits", [] {
    Runtime rt{{.workers = 1}};
    Counter counter;
    {
      Event event;
      rt.spawn_fiber([&event] { event.wait(); }, counter);
      rt.run([]() -> Task<> { co_await weft::yield(); });
      Counter after;
      rt.spawn([] {}, after);
      after.wait();
    }
  });
}
