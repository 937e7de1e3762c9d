// Whom a wake-up goes to, of those who sleep.
#include <catch2/catch.hpp>

#include <optional>
#include <vector>

#include "sched/idle.hpp"
#include "sched/wake_rank.hpp"
#include <mutex>
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

using weft::Victims;
using weft::WakeRank;
using weft::WakeWish;

namespace {

struct Policy : weft::HardwareAtomics {
  using Mutex = std::mutex;
};
using Idle = weft::BasicIdle<Policy>;

/// Two nodes of two cores with two processors each; TieredSpillover has the cores of the first node in tier 0, of the second in tier 1, and the
/// siblings in tier 2.
struct Machine {
  weft::Topology topology = weft::Topology::parse("node:2 l3:1 core:2 pu:2");
  weft::PinningPlan plan = weft::plan_pinning(topology, weft::PinningStrategy::TieredSpillover, 8);
  std::vector<std::uint8_t> tiers;
  std::vector<unsigned> arenas;

  Machine() {
    for (unsigned tier = 0; tier < plan.tiers.size(); ++tier) tiers.insert(tiers.end(), plan.tiers[tier].count, static_cast<std::uint8_t>(tier));
    for (const unsigned pu : plan.pus) arenas.push_back(topology.cores[topology.pus[pu].core].node);
  }

  /// In which order all workers are woken, the last one having fallen asleep first.
  [[nodiscard]] std::vector<unsigned> order(const Victims* near, WakeWish wish) const {
    Idle idle(8, false);
    std::vector<unsigned> woken;
    while (const auto worker = idle.claim_sleeper(WakeRank{tiers, arenas, near, wish})) {
      static_cast<void>(idle.stop_searching());
      woken.push_back(*worker);
    }
    return woken;
  }
};

using Order = std::vector<unsigned>;

}  // namespace

TEST_CASE("the lowest tier is woken first, and of a tier who has slept the shortest") {
  const Machine machine;
  REQUIRE(machine.plan.tiers.size() == 3);
  CHECK(machine.order(nullptr, {}) == Order{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("of a tier the nearest to the waker is woken first") {
  const Machine machine;
  // Worker 3 is on the second core of the second node; its sibling is worker 7.
  REQUIRE(machine.arenas == std::vector<unsigned>{0, 0, 1, 1, 0, 0, 1, 1});
  const Victims near(machine.topology, machine.plan, 3);
  const Order order = machine.order(&near, {});
  CHECK(Order(order.begin() + 2, order.end()) == Order{3, 2, 7, 6, 4, 5});
}

TEST_CASE("work for an arena wakes its workers first, then others, each in the order of tiers") {
  const Machine machine;
  CHECK(machine.order(nullptr, {.arena = 1}) == Order{2, 3, 6, 7, 0, 1, 4, 5});
}

TEST_CASE("of a tier who has run the work last is woken before others, but after lower tiers") {
  const Machine machine;
  CHECK(machine.order(nullptr, {.worker = 1}) == Order{1, 0, 2, 3, 4, 5, 6, 7});
  CHECK(machine.order(nullptr, {.worker = 7}) == Order{0, 1, 2, 3, 7, 4, 5, 6});
  CHECK(machine.order(nullptr, {.arena = 1, .worker = 3}) == Order{3, 2, 6, 7, 0, 1, 4, 5});
  const Victims near(machine.topology, machine.plan, 2);
  CHECK(machine.order(&near, {.worker = 3}) == Order{0, 1, 3, 2, 6, 7, 4, 5});
}

TEST_CASE("without places who has run the work last is woken first, and else who has slept the shortest") {
  const std::vector<std::uint8_t> no_tiers;
  const std::vector<unsigned> no_arenas;
  Idle idle(4, false);
  CHECK(idle.claim_sleeper(WakeRank{no_tiers, no_arenas, nullptr, {.worker = 2}}) == 2U);
  static_cast<void>(idle.stop_searching());
  CHECK(idle.claim_sleeper(WakeRank{no_tiers, no_arenas, nullptr, {.worker = 2}}) == 0U);
  static_cast<void>(idle.stop_searching());
  CHECK(idle.claim_sleeper(WakeRank{no_tiers, no_arenas, nullptr, {}}) == 1U);
}

TEST_CASE("one that is wished for is woken beside a searcher, and nobody else is") {
  const Machine machine;
  Idle idle(8, false);
  REQUIRE(idle.claim_sleeper(WakeRank{machine.tiers, machine.arenas, nullptr, {}}) == 0U);  // who searches now
  const WakeRank rank{machine.tiers, machine.arenas, nullptr, {.arena = 0}};
  CHECK(idle.claim_sleeper(rank) == std::nullopt);
  for (const unsigned worker : {1U, 4U, 5U}) CHECK(idle.claim_beside_searchers(rank, WakeRank::kLastInArena) == worker);
  CHECK(idle.claim_beside_searchers(rank, WakeRank::kLastInArena) == std::nullopt);  // those of the other node go on sleeping
  CHECK(idle.busy() == 0);
}

TEST_CASE("one of a closed tier is not woken beside a searcher") {
  const Machine machine;
  Idle idle(8, false);
  static_cast<void>(idle.set_open(2));
  REQUIRE(idle.claim_sleeper(WakeRank{machine.tiers, machine.arenas, nullptr, {}}) == 0U);
  CHECK(idle.claim_beside_searchers(WakeRank{machine.tiers, machine.arenas, nullptr, {.arena = 1}}, WakeRank::kLastInArena) == std::nullopt);
}
