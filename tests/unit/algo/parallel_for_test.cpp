#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "loop_forms.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

using weft::parallel_for;
using weft::ParallelForOptions;
using weft::sync_parallel_for;
using weft::Task;
using weft_test::kForms;
using weft_test::kNumbersOfWorkers;
using weft_test::run_loop;
using weft_test::run_loop_over;
using weft_test::Visits;

namespace {

const std::size_t kGrains[] = {0, 1, 7, 100'000};

std::atomic<int> calls_of_plain_function{0};
void plain_function(int) { calls_of_plain_function.fetch_add(1); }

/// Counts the iterations of the widest range of a type, in chunks of about an eighth.
template <class T>
bool visits_all_of(weft::Runtime& rt) {
  constexpr T kFirst = std::numeric_limits<T>::min();
  constexpr T kLast = std::numeric_limits<T>::max();
  const auto length = [](T first, T last) { return static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first); };
  bool right = true;
  for (const auto form : kForms) {
    std::atomic<std::uint64_t> visited{0};
    run_loop(
        rt, form, kFirst, kLast, [&](T first, T last) { visited.fetch_add(length(first, last)); },
        {.grain = static_cast<std::size_t>(length(kFirst, kLast) / 8 + 1)});
    right = right && visited.load() == length(kFirst, kLast);
  }
  return right;
}

}  // namespace

TEST_CASE("a loop calls its body once for each index") {
  for (const unsigned workers : kNumbersOfWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const std::size_t grain : kGrains) {
      for (const auto form : kForms) {
        for (const std::size_t count : {1u, 2u, 3u, 15u, 100u, 5000u}) {
          Visits visits(count);
          run_loop(rt, form, std::size_t{0}, count, [&](std::size_t i) { visits.add(i); }, {.grain = grain});
          CHECK(visits.all_are(1));
        }
      }
    }
  }
}

TEST_CASE("a loop outside any runtime calls its body once for each index") {
  for (const std::size_t grain : kGrains) {
    Visits visits(1000);
    const auto body = [&](std::size_t i) { visits.add(i); };
    weft::sync_wait(parallel_for(std::size_t{0}, visits.size(), body, {.grain = grain}));
    CHECK(visits.all_are(1));
    sync_parallel_for(std::size_t{0}, visits.size(), body, {.grain = grain});
    CHECK(visits.all_are(2));
  }
}

TEST_CASE("chunks cover the range without overlap, and none is empty") {
  for (const unsigned workers : kNumbersOfWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const std::size_t grain : kGrains) {
      for (const auto form : kForms) {
        Visits visits(5000);
        std::atomic<int> empty{0};
        const auto chunk = [&](std::size_t first, std::size_t last) {
          if (first >= last) empty.fetch_add(1);
          visits.add(first, last);
        };
        run_loop(rt, form, std::size_t{0}, visits.size(), chunk, {.grain = grain});
        CHECK(visits.all_are(1));
        CHECK(empty.load() == 0);
      }
    }
  }
}

TEST_CASE("an empty or reversed range calls nothing") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  const auto count = [&](auto) { calls.fetch_add(1); };
  for (const auto form : kForms) {
    run_loop(rt, form, 5, 5, count);
    run_loop(rt, form, 5, -5, count);
    run_loop(rt, form, 3u, 2u, count);
    run_loop(rt, form, 5u, -1, count);
    run_loop(rt, form, std::size_t{0}, -1, count);
    run_loop(rt, form, 3, 3, count, {.grain = 1});
    run_loop(rt, form, 3, 2, count, {.partition = weft::Partition::Equal});
    run_loop(rt, form, 3, 3, [&](int, int) { calls.fetch_add(1); });
  }
  CHECK(calls.load() == 0);
}

TEST_CASE("negative indices are visited once each") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    Visits visits(2000);
    run_loop(rt, form, -1000, 1000, [&](int i) { visits.add(static_cast<std::size_t>(i + 1000)); });
    CHECK(visits.all_are(1));
  }
}

TEST_CASE("index types of every width and sign work, with ranges as wide as they are") {
  weft::Runtime rt{{.workers = 2}};
  CHECK(visits_all_of<std::int8_t>(rt));
  CHECK(visits_all_of<std::uint8_t>(rt));
  CHECK(visits_all_of<std::int16_t>(rt));
  CHECK(visits_all_of<std::uint16_t>(rt));
  CHECK(visits_all_of<std::int32_t>(rt));
  CHECK(visits_all_of<std::uint32_t>(rt));
  CHECK(visits_all_of<std::int64_t>(rt));
  CHECK(visits_all_of<std::uint64_t>(rt));
  CHECK(visits_all_of<char>(rt));
}

TEST_CASE("a range as wide as 64 bits works with a measured grain") {
  for (const unsigned workers : kNumbersOfWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      std::atomic<std::uint64_t> visited{0};
      run_loop(rt, form, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
               [&](std::int64_t first, std::int64_t last) {
                 visited.fetch_add(static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first));
               });
      CHECK(visited.load() == ~std::uint64_t{0});
    }
  }
}

TEST_CASE("single indices at both ends of a type are visited without overflow") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    std::atomic<int> calls{0};
    const auto count = [&](auto) { calls.fetch_add(1); };
    run_loop(rt, form, std::numeric_limits<std::int64_t>::max() - 100, std::numeric_limits<std::int64_t>::max(), count);
    run_loop(rt, form, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min() + 100, count);
    run_loop(rt, form, std::numeric_limits<std::uint64_t>::max() - 100, std::numeric_limits<std::uint64_t>::max(), count);
    run_loop(rt, form, std::int8_t{-128}, std::int8_t{127}, count);
    CHECK(calls.load() == 555);
  }
}

TEST_CASE("ends of different types meet in their common type") {
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    std::atomic<std::uint64_t> sum{0};
    const auto add = [&](auto i) { sum.fetch_add(static_cast<std::uint64_t>(i)); };
    auto add_size = [&](auto i) {
      static_assert(std::is_same_v<decltype(i), std::size_t>);
      add(i);
    };
    auto add_int = [&](auto i) {
      static_assert(std::is_same_v<decltype(i), int>);
      add(i);
    };
    auto subtract_wide = [&](auto i) {
      static_assert(std::is_same_v<decltype(i), std::int64_t>);
      add(-i);
    };
    run_loop_over(rt, form, 0, std::size_t{101}, add_size);
    run_loop_over(rt, form, std::uint8_t{0}, std::int8_t{101}, add_int);
    run_loop_over(rt, form, std::int64_t{-100}, 1u, subtract_wide);
    run_loop_over(rt, form, std::size_t{0}, 101, add);
    CHECK(sum.load() == 4 * 5050);
  }
}

TEST_CASE("a negative beginning with an unsigned end is refused, not wrapped around") {
  weft::Runtime rt{{.workers = 2}};
  const auto body = [](auto) { FAIL("called"); };
  const std::size_t size = 10;
  CHECK_THROWS_AS(sync_parallel_for(-1, size, body), weft::UsageError);
  CHECK_THROWS_AS(rt.run(parallel_for(-1, 10u, body)), weft::UsageError);
  CHECK_THROWS_WITH(rt.run([&] { sync_parallel_for(-1, size, body); }), Catch::Contains("same signed type"));
}

TEST_CASE("loops nest, each form in each") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto outer : kForms) {
    Visits visits(100 * 100);
    run_loop(rt, outer, 0u, 100u, [&](unsigned row) {
      sync_parallel_for(0u, 100u, [&](unsigned column) { visits.add(row * 100 + column); });
    });
    CHECK(visits.all_are(1));
  }
  Visits visits(3 * 1000);
  auto part = [&](std::size_t row) -> Task<> {
    auto body = [&visits, row](std::size_t column) { visits.add(row * 1000 + column); };
    co_await parallel_for(0, 1000u, body);
  };
  auto parent = [&]() -> Task<> { co_await weft::when_all(part(0), part(1), part(2)); };
  rt.run(parent());
  CHECK(visits.all_are(1));
}

// ---- bodies ----

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

TEST_CASE("what a body returns is ignored") {
  struct [[nodiscard]] Important {};
  weft::Runtime rt{{.workers = 2}};
  for (const auto form : kForms) {
    std::atomic<int> calls{0};
    auto body = [&](int) {
      calls.fetch_add(1);
      return Important();
    };
    run_loop_over(rt, form, 0, 100, body);
    CHECK(calls.load() == 100);
  }
}

TEST_CASE("a body that changes its own members is called") {
  weft::Runtime rt{{.workers = 1}};
  for (const auto form : kForms) {
    int seen = 0;
    auto body = [&seen, calls = 0](int) mutable { seen = ++calls; };
    run_loop_over(rt, form, 0, 100, body);
    CHECK(seen == 100);
  }
}

TEST_CASE("a body that can be neither copied nor moved is used by reference") {
  struct Fixed {
    Fixed() = default;
    Fixed(const Fixed&) = delete;
    Fixed& operator=(const Fixed&) = delete;
    void operator()(int i) { sum.fetch_add(i); }
    std::atomic<int> sum{0};
  };
  weft::Runtime rt{{.workers = 2}};
  Fixed body;
  rt.run([&] { sync_parallel_for(0, 101, body); });
  rt.run(parallel_for(0, 101, std::ref(body)));
  CHECK(body.sum.load() == 2 * 5050);
}

TEST_CASE("a named body is copied into the awaited loop and left as it was") {
  weft::Runtime rt{{.workers = 2}};
  const auto shared = std::make_shared<std::atomic<int>>(0);
  const auto body = [shared](int) { shared->fetch_add(1); };
  auto loop = parallel_for(0, 100, body);
  CHECK(shared.use_count() == 3);
  rt.run(std::move(loop));
  CHECK(shared.use_count() == 2);
  CHECK(shared->load() == 100);
}

TEST_CASE("a plain function is a body") {
  weft::Runtime rt{{.workers = 2}};
  calls_of_plain_function = 0;
  rt.run(parallel_for(0, 100, plain_function));
  rt.run([] { sync_parallel_for(0, 100, plain_function); });
  CHECK(calls_of_plain_function.load() == 200);
}

TEST_CASE("a body that takes one index or more is called with one") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  const auto body = [&](auto... indices) { calls.fetch_add(sizeof...(indices) == 1 ? 1 : 1000); };
  rt.run(parallel_for(0, 100, body));
  const auto add = [&](int i) { calls.fetch_add(i < 100 ? 1 : 1000); };
  rt.run(parallel_for(0, 100, std::bind(add, std::placeholders::_1)));
  CHECK(calls.load() == 200);
}

TEST_CASE("options may be written inside the co_await expression") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> calls{0};
  auto task = [](std::atomic<int>& count, int one) -> Task<> {
    co_await parallel_for(0, 10, [&](int) { count.fetch_add(one); }, {.grain = 3});
    co_await parallel_for(0, 10, [&count, one](int) { count.fetch_add(one); },
                          {.grain = 3, .partition = weft::Partition::Equal, .priority = weft::Priority::Low});
  };
  rt.run(task(calls, 1));
  CHECK(calls.load() == 20);
}
