// From whom a worker steals. The rings of machines are tested in tests/unit/topo.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <latch>
#include <vector>

using weft::Counter;
using weft::PinningStrategy;
using weft::Runtime;
using weft::Topology;
using weft::WorkerHandle;

namespace {

/// All workers but one have a job on their deques and are busy: the order in which that one takes the jobs, by the workers that had them.
std::vector<unsigned> order_of(Runtime& rt, unsigned thief) {
  const unsigned count = rt.worker_count();
  std::vector<unsigned> order;
  std::latch all_inside(count), all_have_spawned(count), all_is_taken(count - 1);
  Counter jobs;
  for (unsigned i = 0; i < count; ++i) {
    rt.spawn(
        [&] {
          const unsigned mine = WorkerHandle().index();
          all_inside.arrive_and_wait();  // so each worker has one
          if (mine == thief) return all_have_spawned.arrive_and_wait();
          weft::spawn(
              [&, mine] {
                CHECK(WorkerHandle().index() == thief);
                order.push_back(mine);
                all_is_taken.count_down();
              },
              jobs);
          all_have_spawned.count_down();
          all_is_taken.wait();
        },
        jobs);
  }
  jobs.wait();
  return order;
}

/// The order ring by ring, since all of a ring are equally far.
std::vector<std::vector<unsigned>> in_rings(const std::vector<unsigned>& order, const std::vector<std::vector<unsigned>>& rings) {
  std::vector<std::vector<unsigned>> result;
  auto at = order.begin();
  for (const std::vector<unsigned>& ring : rings) {
    const auto size = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(ring.size()), order.end() - at);
    result.emplace_back(at, at + size);
    std::sort(result.back().begin(), result.back().end());
    at += size;
  }
  return result;
}

}  // namespace

TEST_CASE("a worker steals from those next to it first, and says how much came from other nodes") {
  const Topology machine = Topology::parse("package:2 node:2 l3:2 core:1 pu:2");
  for (const PinningStrategy strategy : {PinningStrategy::TieredSpillover, PinningStrategy::CCDIsolation, PinningStrategy::Linear}) {
    for (const unsigned thief : {0U, 5U, 15U}) {
      CAPTURE(weft::name_of(strategy), thief);
      Runtime rt{{.workers = 16, .pinning = strategy, .topology = machine, .report_blocking_after = {}}};
      const auto rings = weft::steal_rings(machine, weft::plan_pinning(machine, strategy, 16), thief);
      REQUIRE(rings.size() > 2);
      const std::vector<unsigned> order = order_of(rt, thief);
      CHECK(order.size() == 15);
      CHECK(in_rings(order, rings) == rings);
      CHECK(rt.stats().workers[thief].steals_remote >= 12);  // each node has four of the sixteen; and one it may have had before
    }
  }
}

TEST_CASE("a worker without a place steals from all") {
  Runtime rt{{.workers = 4, .report_blocking_after = {}}};
  std::vector<unsigned> order = order_of(rt, 2);
  std::sort(order.begin(), order.end());
  CHECK(order == std::vector<unsigned>{0, 1, 3});
  CHECK(rt.stats().total().steals_remote == 0);
}

TEST_CASE("a spare worker, which has no place, takes the jobs of workers that have one") {
  Runtime rt{{.workers = 1, .pinning = PinningStrategy::Linear}};
  std::latch has_run(1);
  Counter jobs;
  rt.spawn(
      [&] {
        weft::spawn([&] { has_run.count_down(); }, jobs);
        const weft::BlockingSection section;
        has_run.wait();
      },
      jobs);
  jobs.wait();
}
