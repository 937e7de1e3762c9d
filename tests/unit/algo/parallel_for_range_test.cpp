#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

using weft::parallel_for;
using weft::sync_parallel_for;
using weft::Task;
using weft_test::Counted;

namespace {

struct Thing {
  void count() { ++times; }
  int times = 0;
};

}  // namespace

TEST_CASE("the elements of a named container are visited once each and may be changed") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<int> numbers(3000, 1);
  const auto increment = [](int& number) { ++number; };
  rt.run(parallel_for(numbers, increment));
  rt.run([&] { sync_parallel_for(numbers, increment); });
  CHECK(std::accumulate(numbers.begin(), numbers.end(), 0) == 9000);
  const std::vector<int>& constant = numbers;
  std::atomic<int> sum{0};
  const auto add = [&](const int& number) { sum.fetch_add(number); };
  rt.run(parallel_for(constant, add));
  rt.run([&] { sync_parallel_for(constant, add); });
  CHECK(sum.load() == 18'000);
}

TEST_CASE("arrays, deques and strings are ranges") {
  weft::Runtime rt{{.workers = 2}};
  int plain[100] = {};
  std::deque<int> deque(100);
  std::string text(100, 'a');
  const auto increment = [](auto& element) { ++element; };
  rt.run(parallel_for(plain, increment));
  rt.run(parallel_for(deque, increment));
  rt.run(parallel_for(text, increment));
  CHECK(std::accumulate(std::begin(plain), std::end(plain), 0) == 100);
  CHECK(std::accumulate(deque.begin(), deque.end(), 0) == 100);
  CHECK(text == std::string(100, 'b'));
}

TEST_CASE("an empty container calls nothing") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<int> none;
  const auto body = [](int) { FAIL("called"); };
  rt.run(parallel_for(none, body));
  rt.run(parallel_for(std::vector<int>(), body));
  rt.run([&] { sync_parallel_for(none, body); });
}

TEST_CASE("a view written in the call is kept by the loop") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<long> sum{0};
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto add = [&](long number) { sum.fetch_add(number); };
  SECTION("iota") {
    rt.run(parallel_for(std::views::iota(0, 1000), add));
    rt.run([&] { sync_parallel_for(std::views::iota(0, 1000), add); });
  }
  SECTION("iota of the widest type") {
    rt.run(parallel_for(std::views::iota(0L, 1000L), add));
    rt.run([&] { sync_parallel_for(std::views::iota(0L, 1000L), add); });
  }
  SECTION("span") {
    rt.run(parallel_for(std::span(numbers), add));
    rt.run([&] { sync_parallel_for(std::span<const int>(numbers), add); });
  }
  SECTION("reversed and transformed") {
    auto doubled = [](int number) { return 2L * number; };
    auto halves = numbers | std::views::transform(doubled) | std::views::reverse;
    rt.run(parallel_for(halves, [&](long number) { add(number / 2); }));
    rt.run([&] { sync_parallel_for(numbers | std::views::reverse, add); });
  }
  SECTION("in a co_await expression") {
    auto task = [](std::atomic<long>& to, std::vector<int>& from) -> Task<> {
      co_await parallel_for(std::views::iota(0, 1000), [&](int number) { to.fetch_add(number); });
      co_await parallel_for(std::span(from), [&](int number) { to.fetch_add(number); }, {.grain = 10});
    };
    rt.run(task(sum, numbers));
  }
  CHECK(sum.load() == 2 * 499'500);
}

TEST_CASE("a container that is moved in lives as long as the loop, and no longer") {
  weft::Runtime rt{{.workers = 2}};
  std::atomic<int> alive_inside{0};
  std::vector<Counted> owned(100);
  auto loop = parallel_for(std::move(owned), [&](Counted&) { alive_inside.store(Counted::alive()); });
  CHECK(Counted::alive() == 100);
  rt.run(std::move(loop));
  CHECK(alive_inside.load() == 100);
  CHECK(Counted::alive() == 0);
  {
    auto unused = parallel_for(std::vector<Counted>(100), [](Counted&) {});
    CHECK(Counted::alive() == 100);
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("a container whose elements move with it is visited where it has ended up") {
  weft::Runtime rt{{.workers = 2}};
  std::array<int, 1000> numbers;
  std::iota(numbers.begin(), numbers.end(), 0);
  std::atomic<int> sum{0};
  auto loop = parallel_for(std::array<int, 1000>(numbers), [&](int& number) { sum.fetch_add(std::exchange(number, 0)); });
  auto moved = std::move(loop);
  rt.run(std::move(moved));
  CHECK(sum.load() == 499'500);
}

TEST_CASE("sync_parallel_for leaves a moved container alone") {
  std::vector<int> numbers(100, 1);
  sync_parallel_for(std::move(numbers), [](int& number) { ++number; });
  CHECK(numbers == std::vector<int>(100, 2));
}

TEST_CASE("a body that takes two iterators gets chunks of the range") {
  weft::Runtime rt{{.workers = 4}};
  std::vector<int> numbers(5000, 1);
  using Iterator = std::vector<int>::iterator;
  std::atomic<int> empty{0};
  const auto increment = [&](Iterator begin, Iterator end) {
    if (begin == end) empty.fetch_add(1);
    for (; begin != end; ++begin) ++*begin;
  };
  rt.run(parallel_for(numbers, increment));
  rt.run([&] { sync_parallel_for(numbers, increment, {.grain = 7}); });
  CHECK(numbers == std::vector<int>(5000, 3));
  CHECK(empty.load() == 0);
}

TEST_CASE("a member function is a body for the elements that have it") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<Thing> things(1000);
  rt.run(parallel_for(things, &Thing::count));
  rt.run([&] { sync_parallel_for(things, &Thing::count); });
  CHECK(std::all_of(things.begin(), things.end(), [](const Thing& thing) { return thing.times == 2; }));
}

TEST_CASE("elements that only move can be visited") {
  weft::Runtime rt{{.workers = 2}};
  std::vector<std::unique_ptr<int>> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(std::make_unique<int>(i));
  std::atomic<int> sum{0};
  rt.run(parallel_for(numbers, [&](const std::unique_ptr<int>& number) { sum.fetch_add(*number); }));
  CHECK(sum.load() == 4950);
}
