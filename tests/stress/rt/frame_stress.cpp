#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <thread>
#include <vector>

using weft::Counter;
using weft::FrameArena;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
using namespace std::chrono_literals;

namespace {

/// What one job has left in the frame for whoever reads it afterwards.
struct Leaf {
  std::span<std::uint32_t> words;
  std::uint32_t number;
  [[nodiscard]] bool is_intact() const {
    return std::all_of(words.begin(), words.end(), [this](std::uint32_t word) { return word == number; });
  }
};

Leaf fill(FrameArena& frame, SeededRandom& random) {
  const std::size_t most = random.one_in(50) ? 20'000 : 60;  // some have a page of their own
  const Leaf leaf{frame.make_array<std::uint32_t>(1 + random.below(most)), static_cast<std::uint32_t>(random())};
  std::fill(leaf.words.begin(), leaf.words.end(), leaf.number);
  return leaf;
}

/// A job that leaves a leaf, and spawns the others below it, half and half, each of which belongs to the frame; the leaves are all there at zero.
struct Tree {
  std::span<Leaf> leaves;
  std::uint64_t stream;
  Counter& done;

  void operator()() const {
    SeededRandom random(stream);
    leaves[0] = fill(FrameArena::here(), random);
    const std::span<Leaf> rest = leaves.subspan(1);
    const std::size_t half = rest.size() / 2;
    if (half != 0) spawn(rest.first(half), random());
    if (half != rest.size()) spawn(rest.subspan(half), random());
  }

 private:
  void spawn(std::span<Leaf> part, std::uint64_t numbers) const {
    const Tree tree{part, numbers, done};
    if (numbers % 5 == 0) {
      weft::spawn(as_task(tree), done, {.frame = true});
    } else {
      weft::spawn(tree, done, {.frame = true});
    }
  }
  static Task<> as_task(Tree tree) {
    std::pmr::vector<std::uint64_t> kept(50, tree.stream, &FrameArena::here());
    co_await weft::yield();  // and goes on on another worker, perhaps
    kept.push_back(tree.stream);
    if (std::all_of(kept.begin(), kept.end(), [&tree](std::uint64_t word) { return word == tree.stream; })) tree();
  }
};

bool are_intact(std::span<const Leaf> leaves) {
  return std::all_of(leaves.begin(), leaves.end(), [](const Leaf& leaf) { return !leaf.words.empty() && leaf.is_intact(); });
}

}  // namespace

TEST_CASE("frames of jobs that spawn jobs, on several workers and from outside") {
  SeededRandom random(1);
  Watchdog watchdog("frames", 30s);
  const StressClock clock;
  while (!clock.is_over()) {
    Runtime rt{{.workers = 1 + static_cast<unsigned>(random.below(4))}};
    for (int frame = 0; frame < 100 && !clock.is_over(); ++frame) {
      const std::span<Leaf> leaves = rt.frame().make_array<Leaf>(1 + random.below(300));
      const std::span<Leaf> outside = rt.frame().make_array<Leaf>(50);
      std::thread stranger([&rt, outside, numbers = random()] {
        SeededRandom mine(numbers);
        for (Leaf& leaf : outside) leaf = fill(rt.frame(), mine);
      });
      Counter done;
      rt.spawn(Tree{leaves, random(), done}, done, {.frame = true});
      if (random.one_in(2)) {
        done.wait();
      } else {
        rt.run([&done]() -> Task<> { co_await done; });
      }
      stranger.join();
      REQUIRE(are_intact(leaves));
      REQUIRE(are_intact(outside));
      if (random.one_in(2)) {
        rt.next_frame();
      } else {
        rt.run([&rt] { rt.next_frame(); });
      }
      watchdog.progress();
    }
  }
}
