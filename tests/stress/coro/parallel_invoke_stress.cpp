// Trees of plain functions on few workers, all of which may wait for one another: each function runs once, and every join comes to an end.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;

namespace {

constexpr std::uint64_t kLongestLeaf = 3000;  // turns; some microseconds, long enough for a thief to come

std::uint64_t mixed(std::uint64_t shape, std::uint64_t child) { return (shape ^ child) * 0x9e3779b97f4a7c15u + child; }
bool is_leaf(std::uint64_t shape, int depth) { return depth == 0 || (shape >> 60) == 0; }

/// Leaves of the tree, counted one after another.
long count_leaves(std::uint64_t shape, int depth) {
  if (is_leaf(shape, depth)) return 1;
  return count_leaves(mixed(shape, 1), depth - 1) + count_leaves(mixed(shape, 2), depth - 1);
}

void visit(std::uint64_t shape, int depth, std::atomic<long>& leaves) {
  if (is_leaf(shape, depth)) {
    for (std::uint64_t turn = (shape >> 16) % kLongestLeaf; turn != 0; --turn) static_cast<void>(leaves.load());
    leaves.fetch_add(1);
    return;
  }
  weft::parallel_invoke([&] { visit(mixed(shape, 1), depth - 1, leaves); }, [&] { visit(mixed(shape, 2), depth - 1, leaves); });
}

}  // namespace

// A forker that waits may take a function that is none of its business, and must not keep it: all workers can then be waiting in a circle.
// When the find was put into its own queue, three workers stood still after some 200,000 such trees, and after some hundred with a pause
// between its look at the job and the theft.
TEST_CASE("workers that wait for one another's functions all come to an end") {
  const unsigned workers = GENERATE(2u, 3u, 4u);
  SeededRandom random(workers);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("trees of functions", std::chrono::seconds(60));
  const StressClock clock;
  for (int round = 0; !clock.is_over() || round < 20; ++round) {
    const std::uint64_t shape = random();
    std::atomic<long> leaves{0};
    rt.run([&] { visit(shape, 9, leaves); });
    REQUIRE(leaves.load() == count_leaves(shape, 9));
    watchdog.progress();
  }
}
