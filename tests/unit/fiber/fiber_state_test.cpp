// What belongs to a thread and has to stay with a fiber: exceptions, errno, the way up the stack.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/thread_here.hpp"

#include <execinfo.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

using weft::Counter;
using weft::on_fiber;
using weft::Runtime;
using weft::spawn_fiber;
using weft::Task;
using weft_test::get_errno;
using weft_test::set_errno;
namespace this_fiber = weft::this_fiber;

namespace {

/// Waits until the other has come as far.
void meet(Counter& mine, Counter& other) {
  mine.sub();
  other.wait();
}

}  // namespace

TEST_CASE("two fibers that suspend inside catch rethrow their own exceptions") {
  const auto workers = GENERATE(1u, 2u);
  Runtime rt{{.workers = workers}};
  std::string said_a, said_b;
  Counter a_is_in(1), b_is_in(1);
  const auto throws = [](const char* what, std::string& said, Counter& mine, Counter& other) {
    try {
      try {
        throw std::runtime_error(what);
      } catch (...) {
        meet(mine, other);
        this_fiber::yield();
        throw;
      }
    } catch (const std::exception& error) {
      said = error.what();
    }
  };
  Counter done;
  rt.spawn_fiber([&] { throws("A", said_a, a_is_in, b_is_in); }, done);
  rt.spawn_fiber([&] { throws("B", said_b, b_is_in, a_is_in); }, done);
  done.wait();
  CHECK(said_a == "A");
  CHECK(said_b == "B");
}

TEST_CASE("uncaught_exceptions counts those of the fiber, and a destructor may suspend during unwinding") {
  Runtime rt{{.workers = 1}};
  struct Suspends {
    explicit Suspends(int& result) : count(result) {}
    ~Suspends() {
      this_fiber::yield();
      count = std::uncaught_exceptions();
    }
    int& count;
  };
  int during = -1, elsewhere = -1;
  auto unwinds = [&during] {
    try {
      const Suspends suspends(during);
      throw std::runtime_error("unwinding");
    } catch (const std::runtime_error&) {
    }
  };
  auto looks = [&elsewhere] {
    elsewhere = std::uncaught_exceptions();
    this_fiber::yield();
    elsewhere += std::uncaught_exceptions();
  };
  Counter done;
  rt.run([&]() -> Task<> {
    spawn_fiber(looks, done);
    spawn_fiber(unwinds, done);
    co_await done;
  });
  CHECK(during == 1);
  CHECK(elsewhere == 0);
}

TEST_CASE("a job that runs while a fiber is suspended in a handler has no current exception") {
  Runtime rt{{.workers = 1}};
  bool has_exception = true;
  rt.run(on_fiber([&has_exception] {
    try {
      throw std::runtime_error("handled");
    } catch (...) {
      Counter counter;
      weft::spawn([&has_exception] { has_exception = std::current_exception() != nullptr; }, counter);
      counter.wait();
      CHECK(std::current_exception() != nullptr);
    }
    CHECK(std::current_exception() == nullptr);
  }));
  CHECK_FALSE(has_exception);
}

TEST_CASE("a fiber begins with no exception though its awaiter is on a worker that handles one") {
  struct CatchAndRun {
    static Task<> run() {
      co_await on_fiber([] { CHECK(std::current_exception() == nullptr); });
    }
  };
  // sync_wait runs the task on this thread, inside the handler.
  try {
    throw std::runtime_error("outside");
  } catch (...) {
    weft::sync_wait(CatchAndRun::run());
    CHECK(std::current_exception() != nullptr);
  }
}

TEST_CASE("errno stays with a fiber, from suspension to suspension and from thread to thread") {
  Runtime rt{{.workers = 2}};
  constexpr int kFibers = 8;
  std::atomic<int> wrong{0};
  Counter done;
  for (int i = 1; i <= kFibers; ++i) {
    rt.spawn_fiber(
        [&wrong, i] {
          if (get_errno() != 0) wrong.fetch_add(1);
          set_errno(i);
          for (int turn = 0; turn < 1000; ++turn) {
            this_fiber::yield();
            if (get_errno() != i) wrong.fetch_add(1);
          }
        },
        done);
  }
  done.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("a fiber does not change the errno of what runs on its thread before and after it") {
  Runtime rt{{.workers = 1}};
  int seen = 0;
  rt.run([&seen]() -> Task<> {
    set_errno(EDOM);
    co_await on_fiber([] { set_errno(ERANGE); });
    seen = get_errno();
  });
  CHECK(seen == EDOM);
}

TEST_CASE("the stack of a fiber is aligned for every instruction, from its first frame on") {
  Runtime rt{{.workers = 1}};
  std::array<std::uintptr_t, 64> misplaced{};
  double sum = 0;
  char text[64] = {};
  rt.run([&]() -> Task<> {
    for (auto& offset : misplaced) {
      co_await on_fiber([&offset] {
        alignas(64) volatile double line[8] = {};
        offset = reinterpret_cast<std::uintptr_t>(&line[0]) % 64;
      });
    }
    co_await on_fiber([&] {
      for (int i = 0; i < 100; ++i) sum += std::sqrt(static_cast<double>(i));
      std::snprintf(text, sizeof(text), "%.3f %Lf", sum, static_cast<long double>(1.5));
      CHECK_THROWS_WITH(throw std::runtime_error("first frame"), "first frame");
    });
  });
  CHECK(misplaced == decltype(misplaced){});
  CHECK(std::string(text) == "661.463 1.500000");
}

TEST_CASE("a backtrace taken on a fiber goes on into the thread that runs it") {
  Runtime rt{{.workers = 1}};
  std::array<void*, 64> outside{}, inside{};
  int outside_count = 0, inside_count = 0;
  std::thread thread([&] {
    outside_count = ::backtrace(outside.data(), static_cast<int>(outside.size()));
    rt.run(on_fiber([&] { inside_count = ::backtrace(inside.data(), static_cast<int>(inside.size())); }));
  });
  thread.join();
  REQUIRE(outside_count > 1);
  REQUIRE(inside_count > outside_count);
  // The last frames are those of the thread: what pthread_create calls, and what that calls.
  CHECK(inside[static_cast<std::size_t>(inside_count) - 1] == outside[static_cast<std::size_t>(outside_count) - 1]);
  CHECK(inside[static_cast<std::size_t>(inside_count) - 2] == outside[static_cast<std::size_t>(outside_count) - 2]);
}

TEST_CASE("registers that a function expects to find again are there after any number of switches") {
  Runtime rt{{.workers = 2}};
  struct Values {
    /// Enough live values to fill every register that survives a call, and some that do not.
    WEFT_NOINLINE static std::uint64_t mix(std::uint64_t seed, int turns) {
      std::uint64_t a = seed, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5, g = a + 6, h = a + 7;
      double x = static_cast<double>(seed), y = x + 0.5, z = x + 0.25;
      for (int i = 0; i < turns; ++i) {
        this_fiber::yield();
        a += b, b += c, c += d, d += e, e += f, f += g, g += h, h += a;
        x += y, y += z, z += 1;
      }
      return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ static_cast<std::uint64_t>(x + y + z);
    }
    static std::uint64_t expected(std::uint64_t seed, int turns) {
      std::array<std::uint64_t, 8> v{};
      for (std::size_t i = 0; i < 8; ++i) v[i] = seed + i;
      double x = static_cast<double>(seed), y = x + 0.5, z = x + 0.25;
      for (int i = 0; i < turns; ++i) {
        for (std::size_t k = 0; k < 8; ++k) v[k] += v[(k + 1) % 8];
        x += y, y += z, z += 1;
      }
      std::uint64_t all = 0;
      for (const std::uint64_t one : v) all ^= one;
      return all ^ static_cast<std::uint64_t>(x + y + z);
    }
  };
  std::atomic<int> wrong{0};
  Counter done;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    rt.spawn_fiber([&wrong, seed] { wrong.fetch_add(Values::mix(seed, 50) != Values::expected(seed, 50) ? 1 : 0); }, done);
  }
  done.wait();
  CHECK(wrong.load() == 0);
}
