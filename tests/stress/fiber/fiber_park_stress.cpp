// Many fibers that wait at once, woken in any order, and runtimes that go as soon as the last is woken.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Mutex;
using weft::MutexLock;
using weft::Runtime;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
namespace this_fiber = weft::this_fiber;

namespace {

// ThreadSanitizer has room for a few thousand fibers.
constexpr std::size_t kMostAtOnce = weft_test::kSanitized ? 1'000 : 20'000;

/// Numbers below `count` in an order drawn from the seed.
std::vector<std::size_t> any_order(std::size_t count, SeededRandom& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

}  // namespace

TEST_CASE("fibers parked by the ten thousand are woken in any order, and the runtime goes right after") {
  const unsigned workers = GENERATE(1u, 4u);
  SeededRandom random(workers);
  Watchdog watchdog("many parked fibers", std::chrono::seconds(120));
  long woken_in_all = 0;
  const StressClock clock;
  do {
    const std::size_t fibers = kMostAtOnce / 2 + random.below(kMostAtOnce / 2);
    std::deque<Counter> gates;  // they outlive the runtime, which nobody waits for
    for (std::size_t i = 0; i < fibers; ++i) gates.emplace_back(1u);
    std::atomic<std::size_t> parked{0}, woken{0}, wrong{0};
    Counter done;
    {
      Runtime rt{{.workers = workers}};
      for (std::size_t i = 0; i < fibers; ++i) {
        rt.spawn_fiber(
            [&, i] {
              volatile std::size_t mine = i;
              parked.fetch_add(1);
              gates[i].wait();
              if (mine != i) wrong.fetch_add(1);
              if (i % 16 == 0) this_fiber::yield();
              woken.fetch_add(1);
            },
            done, {.stack_size = std::size_t{16} << 10});
      }
      // Half of the rounds wake while others are still on their way to the gates.
      const std::size_t at_least = random.one_in(2) ? fibers : random.below(fibers);
      while (parked.load() < at_least) std::this_thread::yield();
      const std::vector<std::size_t> order = any_order(fibers, random);
      const std::size_t half = fibers / 2;
      std::thread other([&] {
        for (std::size_t i = 0; i < half; ++i) gates[order[i]].sub();
      });
      for (std::size_t i = half; i < fibers; ++i) gates[order[i]].sub();
      other.join();
    }
    REQUIRE(done.is_complete());
    REQUIRE(woken.load() == fibers);
    REQUIRE(wrong.load() == 0);
    woken_in_all += static_cast<long>(fibers);
    watchdog.progress();
  } while (!clock.is_over());
  std::fprintf(stderr, "%u workers: %ld fibers\n", workers, woken_in_all);
}

TEST_CASE("runtimes are made and destroyed while fibers of all sizes come and go") {
  SeededRandom random(7);
  Watchdog watchdog("short-lived runtimes", std::chrono::seconds(60));
  long runtimes = 0;
  const StressClock clock;
  while (!clock.is_over()) {
    const unsigned workers = 1 + static_cast<unsigned>(random.below(4));
    const std::size_t fibers = random.below(60);
    std::atomic<std::size_t> ended{0};
    Counter done;
    Mutex mutex;
    // Without reports the watcher sleeps until a call is marked, or the runtime goes.
    const std::chrono::milliseconds report_after(random.one_in(2) ? 100 : 0);
    std::optional<Runtime> rt(std::in_place, weft::RuntimeOptions{.workers = workers, .report_blocking_after = report_after});
    {
      const MutexLock held = mutex.try_lock();
      for (std::size_t i = 0; i < fibers; ++i) {
        const std::size_t size = std::size_t{16 << 10} << random.below(6);
        rt->spawn_fiber(
            [&, waits = random.one_in(2)] {
              if (waits) mutex.lock_blocking().unlock();
              if (!waits) this_fiber::blocking([] {});
              ended.fetch_add(1);
            },
            done, {.stack_size = size});
      }
    }
    rt.reset();
    REQUIRE(ended.load() == fibers);
    ++runtimes;
    watchdog.progress();
  }
  std::fprintf(stderr, "%ld runtimes\n", runtimes);
}
