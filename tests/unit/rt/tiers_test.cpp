// Tiers that open under load and close without it, with threads. The policy is tested in tests/unit/sched, the protocol in tests/model.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using weft::Counter;
using weft::PinningStrategy;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::RuntimeStats;
using weft::TierChange;
using weft::TierOptions;
using weft::Topology;
using weft::WorkerHandle;

namespace {

constexpr auto kNever = std::chrono::hours(1);

RuntimeOptions options(const char* machine, TierOptions tiers) {
  const Topology topology = Topology::parse(machine);
  return {.workers = topology.allowed_pus(),
          .pinning = PinningStrategy::TieredSpillover,
          .tiers = std::move(tiers),
          .topology = topology,
          .report_blocking_after = {}};
}

/// Posts one job for each worker, which all wait for each other: so all tiers have to open.
void need_all_workers(Runtime& rt) {
  const unsigned count = rt.worker_count();
  std::latch all_inside(count);
  Counter jobs;
  for (unsigned i = 0; i < count; ++i) rt.spawn([&] { all_inside.arrive_and_wait(); }, jobs);
  jobs.wait();
}

unsigned open_tiers(const Runtime& rt) {
  unsigned open = 0;
  for (const weft::TierStats& tier : rt.stats().tiers) open += tier.is_open ? 1 : 0;
  return open;
}

struct Changes {
  auto hook() {
    return [this](const TierChange& change) {
      const std::lock_guard lock(mutex);
      all.push_back(change);
    };
  }
  std::mutex mutex;
  std::vector<TierChange> all;
};

}  // namespace

TEST_CASE("tiers open when jobs wait and close one after the other when nobody runs, and both are counted and told") {
  Changes changes;
  RuntimeOptions with_hook = options("l3:2 core:2 pu:2", {.hysteresis = 5ms});
  with_hook.on_tier_change = changes.hook();
  Runtime rt{with_hook};
  REQUIRE(rt.stats().tiers.size() == 3);
  CHECK(open_tiers(rt) == 1);
  for (int round = 0; round < 3; ++round) {
    need_all_workers(rt);
    while (open_tiers(rt) != 1) std::this_thread::yield();
  }
  const RuntimeStats stats = rt.stats();
  CHECK(stats.tiers[0].opened == 0);
  for (const unsigned tier : {1U, 2U}) {
    CHECK(stats.tiers[tier].opened >= 3);
    CHECK(stats.tiers[tier].opened == stats.tiers[tier].closed);
    CHECK(stats.tiers[tier].count == 2 * tier);
  }
  static_cast<void>(rt.shutdown());
  const std::lock_guard lock(changes.mutex);
  unsigned open = 1;
  std::chrono::steady_clock::time_point last;
  for (const TierChange& change : changes.all) {
    CHECK(change.open_before == open);
    CHECK(change.time - last >= 5ms);
    CHECK((change.open_after > change.open_before || change.open_after + 1 == change.open_before));
    CHECK((change.reason == weft::TierReason::LowLoad) == (change.open_after < change.open_before));
    open = change.open_after;
    last = change.time;
  }
}

TEST_CASE("workers of closed tiers run nothing, and their threads are not even started") {
  Runtime rt{options("l3:2 core:1 pu:2", {.threshold = 1, .spill_delay = kNever})};
  for (int i = 0; i < 200; ++i) {
    Counter jobs;
    for (int k = 0; k < 10; ++k) rt.spawn([] { CHECK(WorkerHandle().index() == 0); }, jobs);
    jobs.wait();
  }
  const RuntimeStats stats = rt.stats();
  CHECK(stats.workers[0].jobs == 2000);
  for (const unsigned other : {1U, 2U, 3U}) {
    CHECK(stats.workers[other].jobs == 0);
    CHECK(stats.workers[other].processor == std::nullopt);
  }
}

TEST_CASE("what lies on the deque of a worker whose tier closes is taken by the others") {
  Runtime rt{options("l3:2 core:2", {.hysteresis = 5ms})};
  std::atomic<bool> stops{false};
  std::atomic<int> runs_behind{0};
  Counter jobs;
  struct Chain {
    Runtime& rt;
    std::atomic<bool>& stops;
    std::atomic<int>& on_open_tier;
    Counter& jobs;
    /// Adds the next to the deque of the worker that runs it. One in all: a load for less than half of the first tier.
    void operator()() const {
      if (open_tiers(rt) == 1 && WorkerHandle().index() < 2) on_open_tier.fetch_add(1);
      if (!stops.load()) weft::spawn(*this, jobs);
    }
  };
  const Chain chain{rt, stops, runs_behind, jobs};
  std::latch all_inside(4);
  for (int i = 0; i < 4; ++i) {
    rt.spawn(
        [&] {
          all_inside.arrive_and_wait();
          if (WorkerHandle().index() == 3) weft::spawn(chain, jobs);
        },
        jobs);
  }
  while (runs_behind.load() < 100) std::this_thread::yield();
  stops.store(true);
  jobs.wait();
}

TEST_CASE("a tree of forks on a worker whose tier closes goes on elsewhere") {
  Runtime rt{options("l3:2 core:2", {.hysteresis = 5ms})};
  std::atomic<bool> stops{false};
  struct Tree {
    static weft::Task<> leaf() { co_return; }
    static weft::Task<> grow(Runtime& rt, std::atomic<bool>& stops) {
      while (!stops.load()) {
        co_await weft::when_all(leaf(), leaf());
        if (open_tiers(rt) == 1 && WorkerHandle().index() < 2) stops.store(true);
      }
    }
  };
  std::latch all_inside(4);
  Counter jobs;
  for (int i = 0; i < 4; ++i) {
    rt.spawn(
        [&] {
          all_inside.arrive_and_wait();
          if (WorkerHandle().index() == 3) weft::spawn(Tree::grow(rt, stops), jobs);
        },
        jobs);
  }
  jobs.wait();
  CHECK(stops.load());
}

TEST_CASE("a worker of a closed tier runs jobs while one of an open tier is in a blocking call") {
  Runtime rt{options("l3:2 core:1 pu:2", {.threshold = 1, .spill_delay = kNever})};
  std::latch has_run(1);
  unsigned by = 0;
  Counter jobs;
  rt.spawn(
      [&] {
        const weft::BlockingSection section;
        has_run.wait();
      },
      jobs);
  rt.spawn(
      [&] {
        by = WorkerHandle().index();
        has_run.count_down();
      },
      jobs);
  jobs.wait();
  CHECK(by == 1);
}

TEST_CASE("who runs in the place of a blocked worker does so although another leaves a closed tier") {
  Runtime rt{options("l3:2 core:1 pu:2", {.threshold = 1, .hysteresis = 5ms})};
  std::latch all_inside(4), is_last_tier_blocked(1), is_first_tier_blocked(1), has_run(1);
  Counter jobs;
  for (int i = 0; i < 4; ++i) {
    rt.spawn(
        [&] {
          all_inside.arrive_and_wait();
          if (WorkerHandle().index() != 3) return;
          const weft::BlockingSection section;  // so long that its tier closes meanwhile
          is_last_tier_blocked.count_down();
          has_run.wait();
        },
        jobs);
  }
  is_last_tier_blocked.wait();
  while (open_tiers(rt) != 1) std::this_thread::yield();
  rt.spawn(
      [&] {
        const weft::BlockingSection section;
        is_first_tier_blocked.count_down();
        has_run.wait();
      },
      jobs);
  is_first_tier_blocked.wait();
  rt.spawn([&] { has_run.count_down(); }, jobs);
  jobs.wait();
  for (const weft::WorkerStats& worker : rt.stats().workers) CHECK(worker.parks < 100);  // nobody fell asleep beside the job, again and again
}

TEST_CASE("a thread inside run takes a seat of an open tier") {
  Runtime rt{options("l3:2 core:1 pu:2", {.threshold = 1, .spill_delay = kNever})};
  for (int i = 0; i < 100; ++i) CHECK(rt.run([] { return WorkerHandle().index(); }) == 0);
}

TEST_CASE("tiers that are asked for open although nothing runs, and close when load alone decides again") {
  Changes changes;
  RuntimeOptions with_hook = options("l3:2 core:2 pu:2", {.hysteresis = 5ms});
  with_hook.on_tier_change = changes.hook();
  Runtime rt{with_hook};
  for (const unsigned asked : {2U, 3U, ~0U}) {
    rt.open_tiers(asked);
    while (open_tiers(rt) != std::min(asked, 3U)) std::this_thread::yield();
  }
  rt.open_tiers(1);
  while (open_tiers(rt) != 1) std::this_thread::yield();
  static_cast<void>(rt.shutdown());
  rt.open_tiers(3);  // whoever is late does no harm
  rt.open_tiers(1);
  const std::lock_guard lock(changes.mutex);
  REQUIRE(changes.all.size() >= 3);
  CHECK(changes.all[0].reason == weft::TierReason::Asked);
  CHECK(changes.all[0].open_after == 2);
  CHECK(changes.all[1].reason == weft::TierReason::Asked);
  CHECK(changes.all[1].open_after == 3);
  CHECK(changes.all[2].reason == weft::TierReason::LowLoad);
}

TEST_CASE("a job asks for the tiers that the next ones need, which no load would open") {
  Runtime rt{options("l3:2 core:1 pu:2", {.threshold = 1, .spill_delay = kNever, .hysteresis = 5ms})};
  for (int round = 0; round < 3; ++round) {
    rt.run([&] { rt.open_tiers(3); });
    need_all_workers(rt);
    CHECK(open_tiers(rt) == 3);
    rt.open_tiers(0);
    while (open_tiers(rt) != 1) std::this_thread::yield();
  }
}

TEST_CASE("tiers are asked for by several threads at once, and the last one counts") {
  Runtime rt{options("l3:2 core:1 pu:2", {.hysteresis = 1ms})};
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; ++i) {
      threads.emplace_back([&rt, i] {
        for (unsigned k = 0; k < 50; ++k) rt.open_tiers((i + k) % 4);
      });
    }
    for (std::thread& thread : threads) thread.join();
    rt.open_tiers(3);
    while (open_tiers(rt) != 3) std::this_thread::yield();
    rt.open_tiers(1);
    while (open_tiers(rt) != 1) std::this_thread::yield();
  }
}

TEST_CASE("where there are no tiers, none can be asked for") {
  Runtime rt{{.workers = 2}};
  rt.open_tiers(2);
  CHECK(rt.run([] { return 7; }) == 7);
}

TEST_CASE("an override for a kind of tier counts for the tier of this plan that is of that kind") {
  TierOptions tiers{.spill_delay = 0ms, .hysteresis = 5ms};
  tiers.overrides = {{.kind = weft::TierKind::SameNode, .threshold = 1, .spill_delay = kNever}};
  Runtime rt{options("l3:2 core:1 pu:2", tiers)};
  for (int i = 0; i < 200; ++i) {
    Counter jobs;
    for (int k = 0; k < 10; ++k) rt.spawn([] { CHECK(WorkerHandle().index() == 0); }, jobs);
    jobs.wait();
  }
  CHECK(open_tiers(rt) == 1);
}

TEST_CASE("options for tiers that make no sense are refused, and none are needed where there are no tiers") {
  CHECK_THROWS_WITH((Runtime{options("l3:2 core:2", {.threshold = 2})}), Contains("TierOptions::threshold is 2"));
  CHECK_THROWS_WITH((Runtime{options("l3:2 core:2", {.overrides = {{.tier = 0}}})}), Contains("overrides[0] is for tier 0, which is always open"));
  TierOptions home;
  home.overrides = {{.kind = weft::TierKind::HomeDomain}};
  CHECK_THROWS_WITH((Runtime{options("core:2", home)}), Contains("home L3 domain"));
  Runtime rt{options("core:2", {.overrides = {{.tier = 7, .threshold = 0.9}}})};
  need_all_workers(rt);
  CHECK(rt.stats().tiers.empty());
  Runtime other{{.workers = 2, .pinning = PinningStrategy::Linear}};
  CHECK(other.stats().tiers.empty());
}
