// What a worker keeps of fibers: how many are out of the depot tells what its cache has.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
#include "support/manual_clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

using weft::Fiber;
using weft::FiberCache;
using weft::FiberDepot;
using weft::StackSize;
using weft_test::ManualClock;
using namespace std::chrono_literals;
using Fibers = std::vector<Fiber*>;

namespace {

constexpr auto kUnused = 1s;  // for so long, then the depot gets it
constexpr std::uint32_t kClass = StackSize::class_of(StackSize::kDefault);

Fibers take(FiberCache& cache, std::size_t count) {
  Fibers taken;
  while (taken.size() < count) taken.push_back(&cache.take(kClass));
  return taken;
}

void put(FiberCache& cache, const Fibers& fibers) {
  for (Fiber* const fiber : fibers) cache.put(*fiber);
}

/// Sees to it that the depot has so many, all in one piece: it hands out those that it has before it makes others.
void fill_depot(std::size_t count) {
  FiberDepot& depot = FiberDepot::here();
  Fibers taken;
  while (taken.size() < count) taken.push_back(depot.take(kClass, 1).first);
  for (Fiber* const fiber : taken) FiberDepot::put_home(*fiber);
}

/// A cache of a worker, and how many idle fibers it has.
struct Watched {
  Watched() { fill_depot(4 * FiberCache::most_kept(kClass)); }
  [[nodiscard]] std::size_t kept(const Fibers& taken = {}) const { return FiberDepot::outstanding() - before - taken.size(); }

  const std::size_t before = FiberDepot::outstanding();
  FiberCache cache;
};

}  // namespace

TEST_CASE("a worker that rests takes as many fibers as its last burst has wanted, so that the next one finds them") {
  constexpr std::size_t kBurst = 20;
  ManualClock clock;
  Watched worker;
  const Fibers first = take(worker.cache, kBurst);
  worker.cache.rest();
  CHECK(worker.kept(first) >= kBurst);
  const std::size_t outstanding = FiberDepot::outstanding();
  const Fibers second = take(worker.cache, kBurst);
  CHECK(FiberDepot::outstanding() == outstanding);  // it has not asked the depot
  put(worker.cache, first);
  put(worker.cache, second);
}

TEST_CASE("a worker that rests takes half of what it may keep at most, whatever its last burst has wanted") {
  ManualClock clock;
  Watched worker;
  const Fibers taken = take(worker.cache, 3 * FiberCache::most_kept(kClass));
  worker.cache.rest();
  CHECK(worker.kept(taken) == FiberCache::most_kept(kClass) / 2);
  put(worker.cache, taken);
}

TEST_CASE("a worker that rests again without having taken fibers from the depot takes no more") {
  ManualClock clock;
  Watched worker;
  const Fibers taken = take(worker.cache, 1);
  worker.cache.rest();
  const std::size_t kept = worker.kept(taken);
  const Fibers more = take(worker.cache, kept);
  worker.cache.rest();
  CHECK(worker.kept(taken) == more.size());  // it has none now, and has wanted none since
  put(worker.cache, taken);
  put(worker.cache, more);
}

TEST_CASE("fibers that a worker has not used for a second go to the depot when it rests, not before, and those that it has used stay") {
  constexpr std::size_t kUsed = 3;
  ManualClock clock;
  Watched worker;
  put(worker.cache, take(worker.cache, 20));
  worker.cache.rest();
  const std::size_t kept = worker.kept();
  REQUIRE(kept >= 20);
  clock.advance(kUnused - 1ns);
  worker.cache.rest();
  CHECK(worker.kept() == kept);

  const Fibers used = take(worker.cache, kUsed);
  put(worker.cache, used);
  clock.advance(1ns);
  worker.cache.rest();
  CHECK(worker.kept() == kUsed);
  const Fibers again = take(worker.cache, kUsed);
  CHECK(worker.kept(again) == 0);
  CHECK(std::is_permutation(again.begin(), again.end(), used.begin()));  // those whose stacks are warm
  put(worker.cache, again);

  clock.advance(kUnused);
  worker.cache.rest();
  CHECK(worker.kept() == kUsed);  // used in this second
  clock.advance(kUnused);
  worker.cache.rest();
  CHECK(worker.kept() == 0);
}

TEST_CASE("a worker keeps half of its idle fibers when they have become too many") {
  ManualClock clock;
  Watched worker;
  const std::uint32_t most = FiberCache::most_kept(kClass);
  const Fibers all = take(worker.cache, most + 1);
  worker.cache.trim();
  const Fibers fitting(all.begin(), all.begin() + most);
  put(worker.cache, fitting);
  CHECK(worker.kept({all.back()}) == most);
  worker.cache.put(*all.back());
  CHECK(worker.kept() == (most + 1) / 2);
  CHECK(&worker.cache.take(kClass) == all.back());
  worker.cache.put(*all.back());
  worker.cache.trim();
  CHECK(worker.kept() == 0);
}
