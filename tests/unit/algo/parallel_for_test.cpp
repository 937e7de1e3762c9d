#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using weft::parallel_for;
using weft::ParallelForOptions;
using weft::sync_parallel_for;
using weft::Task;

namespace {

const unsigned kWorkers[] = {1, 2, 4};
const std::size_t kGrains[] = {0, 1, 7, 100'000};

bool all_are(const std::vector<std::atomic<int>>& hits, int wanted) {
  for (const auto& hit : hits) {
    if (hit.load() != wanted) return false;
  }
  return true;
}

Task<> each_index(std::vector<std::atomic<int>>& hits, std::size_t grain) {
  ParallelForOptions options;
  options.grain = grain;
  auto body = [&hits](std::size_t i) { hits[i].fetch_add(1); };
  co_await parallel_for(std::size_t{0}, hits.size(), body, options);
}

}  // namespace

TEST_CASE("parallel_for calls its body once for each index") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const std::size_t grain : kGrains) {
      std::vector<std::atomic<int>> hits(5000);
      rt.run(each_index(hits, grain));
      CHECK(all_are(hits, 1));
    }
  }
  std::vector<std::atomic<int>> hits(1000);
  weft::sync_wait(each_index(hits, 3));
  CHECK(all_are(hits, 1));
}

TEST_CASE("sync_parallel_for calls its body once for each index, in jobs and outside any runtime") {
  for (const std::size_t grain : kGrains) {
    ParallelForOptions options;
    options.grain = grain;
    const auto fill = [&](std::vector<std::atomic<int>>& hits) {
      sync_parallel_for(std::size_t{0}, hits.size(), [&](std::size_t i) { hits[i].fetch_add(1); }, options);
    };
    for (const unsigned workers : kWorkers) {
      weft::Runtime rt{{.workers = workers}};
      std::vector<std::atomic<int>> hits(5000);
      rt.run([&] { fill(hits); });
      CHECK(all_are(hits, 1));
    }
    std::vector<std::atomic<int>> hits(1000);
    fill(hits);
    CHECK(all_are(hits, 1));
  }
}

TEST_CASE("chunks cover the range without overlap") {
  weft::Runtime rt{{.workers = 4}};
  std::vector<std::atomic<int>> hits(5000);
  const auto chunk = [&](std::size_t first, std::size_t last) {
    for (; first != last; ++first) hits[first].fetch_add(1);
  };
  auto task = [&]() -> Task<> {
    auto body = chunk;
    co_await parallel_for(std::size_t{0}, hits.size(), body);
  };
  rt.run(task());
  CHECK(all_are(hits, 1));
  rt.run([&] { sync_parallel_for(std::size_t{0}, hits.size(), chunk); });
  CHECK(all_are(hits, 2));
}

TEST_CASE("the elements of a range are visited once each and may be changed") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<int> numbers(3000, 1);
  auto task = [&]() -> Task<> {
    auto body = [](int& number) { ++number; };
    co_await parallel_for(numbers, body);
  };
  rt.run(task());
  rt.run([&] { sync_parallel_for(numbers, [](int& number) { ++number; }); });
  CHECK(std::accumulate(numbers.begin(), numbers.end(), 0) == 9000);
  const std::vector<int>& constant = numbers;
  std::atomic<int> sum{0};
  rt.run([&] { sync_parallel_for(constant, [&](const int& number) { sum.fetch_add(number); }); });
  CHECK(sum.load() == 9000);
}

TEST_CASE("an empty or reversed range calls nothing") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  auto task = [&](int first, int last) -> Task<> {
    auto body = [&](int) { calls.fetch_add(1); };
    co_await parallel_for(first, last, body);
  };
  rt.run(task(5, 5));
  rt.run(task(5, -5));
  std::vector<int> none;
  rt.run([&] {
    sync_parallel_for(3, 3, [&](int) { calls.fetch_add(1); });
    sync_parallel_for(3, 2, [&](int) { calls.fetch_add(1); });
    sync_parallel_for(none, [&](int) { calls.fetch_add(1); });
  });
  CHECK(calls.load() == 0);
}

TEST_CASE("index types of every width and sign work, with ranges as wide as they are") {
  weft::Runtime rt{{.workers = 2}};
  const bool right = rt.run([] {
    std::atomic<int> bytes{0};
    sync_parallel_for(std::int8_t{-128}, std::int8_t{127}, [&](std::int8_t) { bytes.fetch_add(1); },
                      ParallelForOptions{.grain = 2});
    std::atomic<std::uint64_t> wide{0};
    sync_parallel_for(
        std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
        [&](int first, int last) {
          wide.fetch_add(static_cast<std::uint64_t>(static_cast<std::int64_t>(last) - first));
        },
        ParallelForOptions{.grain = 1u << 24});
    std::atomic<std::uint64_t> widest{0};
    sync_parallel_for(
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
        [&](std::int64_t first, std::int64_t last) {
          widest.fetch_add(static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first));
        },
        ParallelForOptions{.grain = std::size_t{1} << 58});
    return bytes.load() == 255 && wide.load() == 0xffffffffu && widest.load() == ~std::uint64_t{0};
  });
  CHECK(right);
}

TEST_CASE("an exception of the body ends the loop early and is thrown by it") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const int bad : {0, 500, 999}) {
      const auto body = [bad](int i) {
        if (i == bad) throw std::runtime_error("bad index");
      };
      auto task = [&]() -> Task<> {
        auto copy = body;
        ParallelForOptions options;
        options.grain = 5;
        co_await parallel_for(0, 1000, copy, options);
      };
      CHECK_THROWS_WITH(rt.run(task()), "bad index");
      CHECK_THROWS_WITH(rt.run([&] { sync_parallel_for(0, 1000, body, {.grain = 5}); }), "bad index");
      CHECK_THROWS_WITH(rt.run([&] { sync_parallel_for(0, 1000, body); }), "bad index");
    }
  }
}

TEST_CASE("no body runs any more when the loop has thrown") {
  weft::Runtime rt{{.workers = 4}};
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> inside{0};
    const auto body = [&](int i) {
      inside.fetch_add(1);
      const bool is_bad = i == 300;
      inside.fetch_sub(1);
      if (is_bad) throw std::runtime_error("bad");
    };
    auto task = [&]() -> Task<int> {
      auto copy = body;
      ParallelForOptions options;
      options.grain = 1;
      try {
        co_await parallel_for(0, 1000, copy, options);
      } catch (const std::runtime_error&) {
        co_return inside.load();
      }
      co_return -1;
    };
    REQUIRE(rt.run(task()) == 0);
  }
}

TEST_CASE("a loop that is asked to stop ends with OperationCancelled") {
  for (const unsigned workers : kWorkers) {
    weft::Runtime rt{{.workers = workers}};
    std::stop_source source;
    std::atomic<long> calls{0};
    auto task = [](std::atomic<long>& counter, std::stop_source& stop) -> Task<> {
      auto body = [&](long) {
        if (counter.fetch_add(1) == 100) stop.request_stop();
      };
      co_await parallel_for(0L, 1L << 40, body);
    };
    weft::Counter counter;
    rt.spawn(task(calls, source), counter, {.stop = source.get_token()});
    CHECK_THROWS_AS(counter.wait(), weft::OperationCancelled);
    CHECK(calls.load() >= 100);
  }
}

TEST_CASE("loops nest") {
  weft::Runtime rt{{.workers = 4}};
  std::vector<std::atomic<int>> hits(100 * 100);
  rt.run([&] {
    sync_parallel_for(0, 100, [&](int row) {
      sync_parallel_for(0, 100, [&](int column) { hits[static_cast<std::size_t>(row * 100 + column)].fetch_add(1); });
    });
  });
  CHECK(all_are(hits, 1));
}

TEST_CASE("a loop of long iterations is shared with idle workers") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> inside{0};
  // Two iterations that can only end together.
  rt.run([&] {
    sync_parallel_for(
        0, 2,
        [&](int) {
          inside.fetch_add(1);
          while (inside.load() < 2) std::this_thread::yield();
        },
        {.grain = 1});
  });
  CHECK(inside.load() == 2);
}

TEST_CASE("a body that only moves is taken by parallel_for") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> sum{0};
  auto task = [&]() -> Task<> {
    auto owned = std::make_unique<int>(2);
    auto body = [owned = std::move(owned), &sum](int) { sum.fetch_add(*owned); };
    co_await parallel_for(0, 100, std::move(body));
  };
  rt.run(task());
  CHECK(sum.load() == 200);
}
