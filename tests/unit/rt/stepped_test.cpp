#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <poll.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using weft::Runtime;
using weft::Task;

namespace {

bool is_readable(int file) {
  pollfd asked{file, POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

void wait_until_readable(int file) {
  pollfd asked{file, POLLIN, 0};
  while (::poll(&asked, 1, -1) != 1) {
  }
}

}  // namespace

TEST_CASE("a stepped runtime runs tasks on the thread that steps it, and has no other") {
  Runtime rt{{.is_stepped = true}};
  CHECK_FALSE(rt.step());
  CHECK_FALSE(is_readable(rt.fd()));
  std::thread::id ran_on;
  int sum = 0;
  rt.spawn_detached([&]() -> Task<> {
    ran_on = std::this_thread::get_id();
    for (int i = 0; i < 10; ++i) {
      co_await weft::yield();
      sum += i;
    }
  });
  CHECK(is_readable(rt.fd()));
  while (rt.step()) {
  }
  CHECK(sum == 45);
  CHECK(ran_on == std::this_thread::get_id());
  CHECK_FALSE(is_readable(rt.fd()));
}

TEST_CASE("the first task that a stepped runtime ever runs may fork") {
  Runtime rt{{.is_stepped = true}};
  int sum = 0;
  const auto three = []() -> Task<int> { co_return 3; };
  rt.spawn_detached([&]() -> Task<> {
    const auto [a, b] = co_await weft::when_all(three(), three());
    sum = a + b;
  });
  while (rt.step()) {
  }
  CHECK(sum == 6);
}

TEST_CASE("what another thread posts makes the descriptor of a stepped runtime readable") {
  Runtime rt{{.is_stepped = true}};
  std::atomic<int> ran{0};
  constexpr int kPosted = 1000;
  std::thread poster([&] {
    for (int i = 0; i < kPosted; ++i) rt.spawn_detached([&ran] { ran.fetch_add(1); });
  });
  while (ran.load() < kPosted) {
    wait_until_readable(rt.fd());
    rt.step();
  }
  poster.join();
  CHECK(ran.load() == kPosted);
}

TEST_CASE("the descriptor of a stepped runtime is readable when a sleeper is due") {
  Runtime rt{{.is_stepped = true}};
  const auto due = Clock::now() + 3ms;
  Clock::time_point woken;
  rt.spawn_detached([&]() -> Task<> {
    co_await weft::sleep_until(due);
    woken = Clock::now();
  });
  while (rt.step()) {
  }
  while (woken == Clock::time_point()) {
    wait_until_readable(rt.fd());
    rt.step();
  }
  CHECK(woken >= due);
  while (rt.step()) {
  }
  CHECK_FALSE(is_readable(rt.fd()));
}

TEST_CASE("run, shutdown and the destructor of a stepped runtime step it") {
  std::atomic<int> ended{0};
  const auto sleeper = [&]() -> Task<> {
    co_await weft::sleep_for(1ms);
    ended.fetch_add(1);
  };
  {
    Runtime rt{{.is_stepped = true}};
    const int result = rt.run([]() -> Task<int> {
      co_await weft::sleep_for(1ms);
      const auto [a, b] = co_await weft::when_all([]() -> Task<int> { co_return 3; }(), []() -> Task<int> { co_return 4; }());
      co_return a * b;
    });
    CHECK(result == 12);
    CHECK_THROWS_AS(rt.run([] { throw std::runtime_error("as it should"); }), std::runtime_error);
    rt.spawn_detached(sleeper());
    CHECK(rt.shutdown().is_complete());
    CHECK(ended.load() == 1);
  }
  {
    Runtime rt{{.is_stepped = true}};
    rt.spawn_detached(sleeper());
  }
  CHECK(ended.load() == 2);
}

TEST_CASE("a step of work without end is over after a while, and says that there is more") {
  Runtime rt{{.is_stepped = true}};
  std::atomic<bool> is_enough{false};
  rt.spawn_detached([&]() -> Task<> {
    while (!is_enough.load()) co_await weft::yield();
  });
  CHECK(rt.step());
  CHECK(is_readable(rt.fd()));
  is_enough.store(true);
  while (rt.step()) {
  }
}

TEST_CASE("mistakes with steps are refused by a sentence") {
  Runtime stepped{{.is_stepped = true}};
  stepped.step();
  std::thread([&] { CHECK_THROWS_WITH(stepped.step(), Catch::Contains("another thread")); }).join();
  Runtime threaded{{.workers = 1}};
  CHECK_THROWS_WITH(threaded.step(), Catch::Contains("is_stepped"));
  CHECK_THROWS_WITH(threaded.fd(), Catch::Contains("is_stepped"));
}
