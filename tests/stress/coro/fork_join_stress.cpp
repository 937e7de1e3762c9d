// Random trees of forks, with exceptions, yields and plain calls mixed in, on 1 to 16 workers.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::Counted;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;

namespace {

/// What a node does is drawn from its number, so that a serial walk knows what the tree must give.
struct Shape {
  std::uint64_t seed;

  [[nodiscard]] std::uint64_t draw(std::uint64_t node, std::uint64_t salt) const {
    std::uint64_t z = seed ^ (node * 0x9e3779b97f4a7c15u) ^ (salt * 0xbf58476d1ce4e5b9u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  [[nodiscard]] unsigned children(std::uint64_t node, int depth) const {
    return depth == 0 ? 0 : static_cast<unsigned>(draw(node, 1) % 5);
  }
  [[nodiscard]] bool fails(std::uint64_t node) const { return draw(node, 2) % 100 == 0; }
  [[nodiscard]] unsigned yields(std::uint64_t node) const {
    return draw(node, 3) % 8 == 0 ? static_cast<unsigned>(draw(node, 4) % 3) : 0;
  }
  [[nodiscard]] unsigned kind(std::uint64_t node) const { return static_cast<unsigned>(draw(node, 5) % 4); }
  [[nodiscard]] static std::uint64_t child(std::uint64_t node, unsigned i) { return node * 5 + i + 1; }
};

constexpr long kFailed = -1;

/// The sum over the tree, where a branch that fails anywhere counts for its siblings and itself as one failure.
long expected(const Shape& shape, std::uint64_t node, int depth) {
  long sum = 1;
  bool has_failed = false;
  for (unsigned i = 0; i < shape.children(node, depth); ++i) {
    const long part = expected(shape, Shape::child(node, i), depth - 1);
    has_failed = has_failed || part == kFailed;
    sum += part;
  }
  if (has_failed || shape.fails(node)) return kFailed;
  return sum;
}

struct NodeFailed : std::runtime_error {
  NodeFailed() : std::runtime_error("node") {}
};

long call(const Shape& shape, std::uint64_t node, int depth) {
  std::vector<long> parts(shape.children(node, depth));
  if (parts.size() == 2) {
    weft::parallel_invoke([&] { parts[0] = call(shape, Shape::child(node, 0), depth - 1); },
                          [&] { parts[1] = call(shape, Shape::child(node, 1), depth - 1); });
  } else {
    weft::sync_parallel_for(
        std::size_t{0}, parts.size(),
        [&](std::size_t i) { parts[i] = call(shape, Shape::child(node, static_cast<unsigned>(i)), depth - 1); },
        {.grain = 1});
  }
  if (shape.fails(node)) throw NodeFailed();
  long sum = 1;
  for (const long part : parts) sum += part;
  return sum;
}

Task<long> grow(const Shape& shape, std::uint64_t node, int depth);

Task<long> grow_children(const Shape& shape, std::uint64_t node, int depth, unsigned count) {
  std::vector<Task<long>> tasks;
  for (unsigned i = 0; i < count; ++i) tasks.push_back(grow(shape, Shape::child(node, i), depth - 1));
  const std::vector<long> parts = co_await weft::when_all(std::move(tasks));
  long sum = 0;
  for (const long part : parts) sum += part;
  co_return sum;
}

Task<long> grow_pair(const Shape& shape, std::uint64_t node, int depth) {
  const auto [a, b] = co_await weft::when_all(grow(shape, Shape::child(node, 0), depth - 1),
                                              grow(shape, Shape::child(node, 1), depth - 1));
  co_return a + b;
}

Task<long> grow_spawned(const Shape& shape, std::uint64_t node, int depth, unsigned count) {
  std::atomic<long> sum{0};
  weft::Counter counter;
  auto add = [](Task<long> part, std::atomic<long>& to) -> Task<> { to.fetch_add(co_await std::move(part)); };
  for (unsigned i = 0; i < count; ++i) {
    weft::spawn(add(grow(shape, Shape::child(node, i), depth - 1), sum), counter);
  }
  co_await counter;
  co_return sum.load();
}

Task<long> grow(const Shape& shape, std::uint64_t node, int depth) {
  const Counted local(1);
  for (unsigned i = 0; i < shape.yields(node); ++i) co_await weft::yield();
  const unsigned count = shape.children(node, depth);
  long sum = 1;
  if (count != 0) {
    const unsigned kind = shape.kind(node);
    if (kind == 0) {
      sum = call(shape, node, depth);
      co_return sum;
    }
    if (kind == 1 && count == 2) {
      sum += co_await grow_pair(shape, node, depth);
    } else if (kind == 2) {
      sum += co_await grow_spawned(shape, node, depth, count);
    } else {
      sum += co_await grow_children(shape, node, depth, count);
    }
  }
  if (shape.fails(node)) throw NodeFailed();
  co_return sum;
}

}  // namespace

TEST_CASE("random fork trees with exceptions give what a serial walk gives") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u, 16u);
  SeededRandom random(workers);
  const std::size_t frames = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = workers}};
    Watchdog watchdog("random fork trees", std::chrono::seconds(60));
    const StressClock clock;
    int rounds = 0;
    int failures = 0;
    while (!clock.is_over() || rounds < 10) {
      const Shape shape{random()};
      const int depth = 3 + static_cast<int>(random.below(5));
      const long wanted = expected(shape, 0, depth);
      long got = 0;
      try {
        got = rt.run(grow(shape, 0, depth));
      } catch (const NodeFailed&) {
        got = kFailed;
      }
      REQUIRE(got == wanted);
      failures += wanted == kFailed ? 1 : 0;
      ++rounds;
      watchdog.progress();
    }
    CHECK(failures < rounds);
  }
  CHECK(Counted::alive() == 0);
  CHECK(weft::frame_memory_outstanding() == frames);
}
