#include <catch2/catch.hpp>
#include <weft/coro/worker_context.hpp>
#include <weft/weft.hpp>

#include "unit/io/old_kernel.hpp"
#include "unit/io/socket_pair.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::WaysToWake;
using weft_test::WayToWake;

// Who has a turn, and who sleeps, where operations end at once or nobody waits for what comes.

TEST_CASE("operations that never have to wait leave others their turn") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    const Ends ends;
    bool is_enough = false;
    const auto talk_to_itself = [&]() -> Task<> {
      char byte = 'x';
      while (!is_enough) {
        static_cast<void>(co_await send(ends.of[0], &byte, 1));
        static_cast<void>(co_await receive(ends.of[1], &byte, 1));
      }
    };
    const auto say_enough = [&]() -> Task<> {
      is_enough = true;
      co_return;
    };
    rt.run([&]() -> Task<> {
      Counter all;
      weft::spawn(say_enough(), all);
      weft::spawn(talk_to_itself(), all);
      co_await all;
    });
    CHECK(is_enough);
  }
}

TEST_CASE("of many whose operations end all the time each has its turn") {
  constexpr std::size_t kTasks = 300;
  constexpr std::size_t kOperations = 100 * kTasks;
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    std::vector<std::size_t> turns(kTasks);
    std::size_t sum = 0;
    const auto take_turns = [&](std::size_t& own) -> Task<> {
      const Ends ends;
      char byte = 'x';
      while (sum < kOperations) {
        static_cast<void>(co_await send(ends.of[0], &byte, 1));
        static_cast<void>(co_await receive(ends.of[1], &byte, 1));
        ++own;
        ++sum;
      }
    };
    rt.run([&]() -> Task<> {
      Counter all;
      for (std::size_t& own : turns) weft::spawn(take_turns(own), all);
      co_await all;
    });
    const auto [least, most] = std::minmax_element(turns.begin(), turns.end());
    CHECK(*least > 0);
    CHECK(*most < 3 * kOperations / kTasks);
  }
}

TEST_CASE("a worker sleeps although there is something to read on a socket for which nobody waits any more") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    const Ends ends;
    const auto receive_nothing = [&]() -> Task<> {
      char byte = 0;
      static_cast<void>(co_await receive(ends.of[0], &byte, 1));
    };
    std::uint64_t parks = 0;
    rt.run([&]() -> Task<> {
      const bool has_ended = co_await weft::completed_within(receive_nothing(), 1ms);
      CHECK_FALSE(has_ended);
      CHECK(::send(ends.of[1], "x", 1, 0) == 1);
      const std::uint64_t before = rt.stats().workers[0].parks;
      for (int i = 0; i < 5; ++i) co_await weft::sleep_for(2ms);
      parks = rt.stats().workers[0].parks - before;
    });
    // It would have gone to sleep some thousand times.
    CHECK(parks < 100);
  }
}

TEST_CASE("a stop from another thread ends an operation of a stepped runtime that sleeps") {
  constexpr int kRounds = 50;  // in some of them it sleeps already
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const Ends ends;
    Runtime rt{{.io_backend = backend, .is_stepped = true}};
    int cancelled = 0;
    for (int round = 0; round < kRounds; ++round) {
      std::atomic<weft::TaskGroup*> group_of_reader{nullptr};
      std::atomic<bool> has_asked{false};
      std::thread stopper([&] {
        while (group_of_reader.load() == nullptr) std::this_thread::yield();
        for (int i = 0; i < round * 20; ++i) std::this_thread::yield();
        group_of_reader.load()->request_stop();
        has_asked.store(true);
      });
      rt.run([&]() -> Task<> {
        weft::TaskGroup group;
        group.spawn([&]() -> Task<> {
          char byte = 0;
          group_of_reader.store(&group);
          try {
            static_cast<void>(co_await receive(ends.of[0], &byte, 1));
          } catch (const weft::OperationCancelled&) {
            ++cancelled;
          }
        });
        co_await group.join();
        while (!has_asked.load()) co_await weft::yield();  // the group lives as long as it is used
      });
      stopper.join();
    }
    CHECK(cancelled == kRounds);
  }
}

TEST_CASE("who was due with high priority and has gone on leaves no call behind, for which operations would not be handed over at once") {
  weft::ManualClock clock;
  Runtime rt{{.io_backend = weft::IoBackend::Epoll, .is_stepped = true, .clock = &clock}};
  int woken = 0;
  const auto sleeps = [&]() -> Task<> {
    co_await weft::sleep_for(1s);
    ++woken;
  };
  const auto waits = [&]() -> Task<bool> {
    const Ends ends;
    char byte = 'x';
    static_cast<void>(co_await send(ends.of[0], &byte, 1));  // so the worker has a driver, and looks into it
    Counter all;
    for (int i = 0; i < 2; ++i) weft::spawn(sleeps(), all, {.priority = weft::Priority::High});
    co_await weft::sleep_for(2s);
    co_return weft::current_worker()->has_ready_work();
  };
  CHECK_FALSE(rt.run(waits()));
  CHECK(woken == 2);
}
