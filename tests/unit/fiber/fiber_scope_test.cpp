// What a fiber inherits: the scope in which it is stopped, and its priority.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

using weft::Counter;
using weft::on_fiber;
using weft::OperationCancelled;
using weft::Priority;
using weft::Runtime;
using weft::spawn_fiber;
using weft::Task;
namespace this_fiber = weft::this_fiber;

namespace {

void yield_until_stopped() {
  for (;;) {
    this_fiber::stop_point();
    this_fiber::yield();
  }
}

char priority_here() { return "HNL"[static_cast<int>(weft::current_worker()->priority)]; }

}  // namespace

TEST_CASE("a fiber is asked to stop when a sibling of the task that awaits it fails") {
  Runtime rt{{.workers = 2}};
  bool was_stopped = false;
  auto waits = [&was_stopped]() -> Task<> {
    try {
      co_await on_fiber(yield_until_stopped);
    } catch (const OperationCancelled&) {
      was_stopped = true;
    }
  };
  auto fails = []() -> Task<> {
    co_await weft::yield();
    throw std::runtime_error("sibling");
  };
  auto parent = [&]() -> Task<> { co_await weft::when_all(waits(), fails()); };
  CHECK_THROWS_WITH(rt.run(parent()), "sibling");
  CHECK(was_stopped);
}

TEST_CASE("what a fiber awaits is in the scope of the fiber") {
  Runtime rt{{.workers = 1}};
  auto looks = []() -> Task<bool> { co_return co_await weft::this_task::stop_requested(); };
  bool inside = false;
  Counter counter;
  std::stop_source stop;
  stop.request_stop();
  weft::FiberOptions options{.stop = stop.get_token()};
  rt.spawn_fiber([&] { inside = this_fiber::await(looks()); }, counter, options);
  counter.wait();
  CHECK(inside);
}

TEST_CASE("a spawned fiber stops when its token does") {
  Runtime rt{{.workers = 2}};
  std::stop_source stop;
  std::atomic<bool> has_begun{false};
  Counter counter;
  weft::FiberOptions options{.stop = stop.get_token()};
  rt.spawn_fiber(
      [&has_begun] {
        has_begun.store(true);
        std::atomic<bool> called{false};
        const std::stop_callback callback(this_fiber::stop_token(), [&called] { called.store(true); });
        while (!called.load()) this_fiber::yield();
        CHECK(this_fiber::stop_requested());
        this_fiber::stop_point();
      },
      counter, options);
  while (!has_begun.load()) std::this_thread::yield();
  stop.request_stop();
  CHECK_THROWS_AS(counter.wait(), OperationCancelled);
}

TEST_CASE("shutdown with Cancel reaches fibers, awaited and spawned") {
  Runtime rt{{.workers = 2}};
  Counter counter;
  rt.spawn_fiber(yield_until_stopped, counter);
  rt.spawn_detached(on_fiber(yield_until_stopped));
  CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
  CHECK_THROWS_AS(counter.wait(), OperationCancelled);
}

TEST_CASE("a fiber keeps its priority over a suspension") {
  Runtime rt{{.workers = 1}};
  std::string seen;
  Counter counter;
  for (const Priority priority : {Priority::High, Priority::Normal, Priority::Low}) {
    rt.spawn_fiber(
        [&seen] {
          seen += priority_here();
          this_fiber::yield();
          seen += priority_here();
          Counter inner;
          weft::spawn([] {}, inner, {.priority = Priority::Low});
          inner.wait();
          seen += priority_here();
        },
        counter, {.priority = priority});
    counter.wait();
  }
  CHECK(seen == "HHHNNNLLL");
}

TEST_CASE("who awaits a fiber goes on with its own priority, whatever the fiber did to its own") {
  Runtime rt{{.workers = 1}};
  std::string seen;
  rt.run([&seen]() -> Task<> {
    seen += priority_here();
    co_await on_fiber([&seen] {
      seen += priority_here();
      this_fiber::await(weft::with_priority(Priority::High));
      seen += priority_here();
    });
    seen += priority_here();
  });
  CHECK(seen == "NNHN");
}
