#include <catch2/catch.hpp>
#include <weft/queue/deque.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

using weft::StealStatus;
using weft_test::SeededRandom;
using weft_test::StressClock;

namespace {

template <std::size_t kReach>
using Deque = weft::BasicDeque<std::uint64_t, weft::HardwareAtomics, kReach>;

constexpr std::size_t kItems = 1 << 14;

/// What one party took: how many, their sum, and a hash that does not depend on the order.
struct Taken {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t hash = 0;

  void add(std::uint64_t value) {
    ++count;
    sum += value;
    hash += value * value * 0x9e3779b97f4a7c15u + (value ^ (value << 7));
  }
  void add(const Taken& other) {
    count += other.count;
    sum += other.sum;
    hash += other.hash;
  }
  bool operator==(const Taken&) const = default;
};

/// One round: the owner pushes every item once, in bursts, and pops some; the thieves take what they can.
/// Returns how many items the thieves took.
template <std::size_t kReach>
std::uint64_t run_round(Deque<kReach>& deque, std::vector<std::uint64_t>& items, int thieves, SeededRandom& random) {
  std::atomic<bool> is_over{false};
  std::vector<Taken> stolen(static_cast<std::size_t>(thieves));
  std::vector<std::thread> threads;
  for (int t = 0; t < thieves; ++t) {
    threads.emplace_back([&, t] {
      Taken mine;
      for (;;) {
        const bool was_over = is_over.load();
        std::array<std::uint64_t*, kReach> some;
        const auto got = deque.steal_half(kReach, [&some](std::size_t i, std::uint64_t* item) { some[i] = item; });
        for (std::size_t i = 0; i < got.count; ++i) mine.add(*some[i]);
        if (got.status == StealStatus::Empty && was_over) break;
      }
      stolen[static_cast<std::size_t>(t)] = mine;
    });
  }
  Taken pushed;
  Taken taken;
  const auto pop = [&] {
    if (std::uint64_t* const item = deque.pop()) taken.add(*item);
  };
  for (std::size_t next = 0; next < items.size();) {
    std::size_t burst = 1 + random.below(random.one_in(50) ? 600 : 8);
    burst = std::min(burst, items.size() - next);
    deque.reserve(burst);
    if (random.one_in(2)) {
      deque.push_chain(burst, [&](std::size_t i) { return &items[next + i]; });
    } else {
      for (std::size_t i = 0; i < burst; ++i) deque.push(&items[next + i]);
    }
    for (std::size_t i = 0; i < burst; ++i) pushed.add(items[next + i]);
    next += burst;
    switch (random.below(4)) {
      case 0:
        for (std::size_t i = 0; i < burst; ++i) pop();
        break;
      case 1: {
        // As a join does it: the newest if it is still there, else whatever there is.
        std::uint64_t* const expected = &items[next - 1];
        if (deque.pop_if(expected)) {
          taken.add(*expected);
        } else if (std::uint64_t* const item = deque.finish_pop()) {
          taken.add(*item);
        }
        break;
      }
      case 2:
        if (std::uint64_t* const item = deque.pop_oldest()) taken.add(*item);
        break;
      default: break;
    }
  }
  while (std::uint64_t* const item = deque.pop()) taken.add(*item);
  is_over.store(true);
  for (std::thread& thread : threads) thread.join();
  while (std::uint64_t* const item = deque.pop()) taken.add(*item);
  std::uint64_t thefts = 0;
  for (const Taken& thief : stolen) {
    taken.add(thief);
    thefts += thief.count;
  }
  REQUIRE(taken == pushed);
  REQUIRE(deque.is_empty_hint());
  return thefts;
}

template <std::size_t kReach>
void run_rounds(std::uint64_t stream) {
  SeededRandom random(stream);
  std::vector<std::uint64_t> items(kItems);
  for (std::uint64_t& item : items) item = random();
  const StressClock clock;
  std::uint64_t thefts = 0;
  while (!clock.is_over()) {
    const int thieves = 1 + static_cast<int>(random.below(4));
    const std::uint64_t starts[] = {0, (std::uint64_t{1} << 32) - 3, (std::uint64_t{1} << 63) - 3, ~std::uint64_t{0} - 2};
    Deque<kReach> deque(std::size_t{2} << random.below(6), starts[random.below(4)]);
    const std::uint64_t rounds = 1 + random.below(3);
    for (std::uint64_t round = 0; round < rounds; ++round) thefts += run_round(deque, items, thieves, random);
  }
  CHECK(thefts > 0);
}

}  // namespace

TEST_CASE("every item is taken exactly once, by its owner or by one of several thieves") { run_rounds<1>(1); }

TEST_CASE("every item is taken exactly once also when thieves take several at once") {
  run_rounds<2>(2);
  run_rounds<32>(3);
}
