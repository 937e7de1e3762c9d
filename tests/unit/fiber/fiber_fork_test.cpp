// parallel_invoke and sync_parallel_for on a fiber: what is forked may wait, too.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using weft::Counter;
using weft::on_fiber;
using weft::parallel_invoke;
using weft::Runtime;
using weft::Task;
namespace this_fiber = weft::this_fiber;

namespace {

int fib(int n) {
  if (n < 2) return n;
  const auto [a, b] = parallel_invoke([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return a + b;
}

}  // namespace

TEST_CASE("parallel_invoke on a fiber gives the results in order") {
  Runtime rt{{.workers = 2}};
  CHECK(rt.run(on_fiber([] { return fib(12); })) == 144);
  rt.run(on_fiber([] {
    std::string text;
    const auto [a, b, c] = parallel_invoke([] { return 1; }, [&text] { text.push_back('b'); }, [] { return std::string("c"); });
    CHECK(a == 1);
    static_cast<void>(b);
    text.append(c);
    CHECK(text == "bc");
  }));
}

TEST_CASE("functions forked on a fiber may wait, whoever runs them") {
  const auto workers = GENERATE(1u, 2u);
  Runtime rt{{.workers = workers}};
  std::atomic<int> done{0}, on_no_fiber{0};
  rt.run(on_fiber([&] {
    const auto waits = [&] {
      if (!this_fiber::is_one()) on_no_fiber.fetch_add(1);
      Counter counter;
      weft::spawn([&done] { done.fetch_add(1); }, counter);
      counter.wait();
      this_fiber::yield();
    };
    for (int i = 0; i < 100; ++i) parallel_invoke(waits, waits, waits);
  }));
  CHECK(done.load() == 300);
  CHECK(on_no_fiber.load() == 0);
}

TEST_CASE("functions forked on a fiber can wait for each other") {
  Runtime rt{{.workers = 1}};
  std::string order;
  rt.run(on_fiber([&order] {
    Counter first(1), second(1);
    parallel_invoke(
        [&] {
          order += 'a';
          first.sub();
          second.wait();
          order += 'c';
        },
        [&] {
          first.wait();
          order += 'b';
          second.sub();
        });
  }));
  CHECK(order == "abc");
}

TEST_CASE("parallel_invoke on a fiber calls every function, and throws the first exception in order") {
  Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  const auto fails = [&calls](const char* what) {
    calls.fetch_add(1);
    throw std::runtime_error(what);
  };
  rt.run(on_fiber([&] {
    CHECK_THROWS_WITH(parallel_invoke([&] { calls.fetch_add(1); }, [&] { fails("second"); }, [&] { fails("third"); }), "second");
    CHECK_THROWS_WITH(parallel_invoke([&] { fails("first"); }, [&] { fails("second"); }), "first");
  }));
  CHECK(calls.load() == 5);
}

TEST_CASE("what is forked on a fiber is in the scope of the fiber") {
  Runtime rt{{.workers = 2}};
  std::stop_source stop;
  stop.request_stop();
  Counter counter;
  std::atomic<int> stopped{0};
  const weft::FiberOptions options{.stop = stop.get_token()};
  rt.spawn_fiber(
      [&stopped] {
        const auto looks = [&stopped] { stopped.fetch_add(this_fiber::stop_requested() ? 1 : 0); };
        parallel_invoke(looks, looks);
      },
      counter, options);
  counter.wait();
  CHECK(stopped.load() == 2);
}

TEST_CASE("a blocking loop on a fiber visits every index once, and its body may wait") {
  Runtime rt{{.workers = 2}};
  std::vector<int> visits(500);
  rt.run(on_fiber([&visits] {
    weft::sync_parallel_for(0, 500, [&visits](int i) {
      ++visits[static_cast<std::size_t>(i)];
      if (i % 50 == 0) this_fiber::yield();
    });
  }));
  CHECK(std::count(visits.begin(), visits.end(), 1) == 500);
}

TEST_CASE("sync_wait on a fiber awaits the task") {
  Runtime rt{{.workers = 1}};
  auto task = []() -> Task<int> {
    co_await weft::yield();
    co_return 42;
  };
  CHECK(rt.run(on_fiber([&task] { return weft::sync_wait(task()); })) == 42);
}
