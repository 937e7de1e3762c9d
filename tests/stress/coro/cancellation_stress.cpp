// Trees that are asked to stop at a random moment by another thread: each child ends once, none runs after its join.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "support/until_stopped.hpp"

#include <atomic>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;
namespace this_task = weft::this_task;

namespace {

struct Census {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<bool> is_joined{false};
  std::atomic<int> late{0};
};

struct Alive {
  explicit Alive(Census& of) : census(of) { census.begun.fetch_add(1); }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() {
    census.ended.fetch_add(1);
    if (census.is_joined.load()) census.late.fetch_add(1);
  }
  Census& census;
};

Task<int> leaf(Census& census, int kind) {
  const Alive alive(census);
  if (kind == 0) {
    co_await weft_test::until_stopped();
  } else if (kind == 1) {
    const std::stop_token token = co_await this_task::stop_token();
    std::atomic<bool> is_called{false};
    const std::stop_callback callback(token, [&] { is_called.store(true); });
    while (!is_called.load()) co_await weft::yield();
  } else {
    for (;;) {
      co_await this_task::stop_point();
      co_await weft::yield();
    }
  }
  co_return 1;
}

Task<int> tree(Census& census, int depth, std::uint64_t shape) {
  const Alive alive(census);
  if (depth == 0) co_return co_await leaf(census, static_cast<int>(shape % 3));
  const std::uint64_t left = shape * 6364136223846793005u + 1442695040888963407u;
  const std::uint64_t right = left * 6364136223846793005u + 1442695040888963407u;
  const auto kind = (shape >> 33) % 3;
  if (kind == 0) {
    const auto first = co_await weft::when_any(tree(census, depth - 1, left), tree(census, depth - 1, right));
    co_return static_cast<int>(first.index());
  }
  if (kind == 1) {
    weft::TaskGroup group;
    group.spawn(tree(census, depth - 1, left));
    group.spawn(tree(census, depth - 1, right));
    co_await group.join();
    co_return 0;
  }
  const auto [a, b] = co_await weft::when_all(tree(census, depth - 1, left), tree(census, depth - 1, right));
  co_return a + b;
}

}  // namespace

TEST_CASE("trees that are cancelled at a random moment end completely") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  SeededRandom random(workers);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("cancellation storm", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    constexpr std::size_t kTrees = 8;
    std::vector<Census> censuses(kTrees);
    std::vector<std::stop_source> sources(kTrees);
    std::vector<std::uint64_t> shapes(kTrees);
    for (std::uint64_t& shape : shapes) shape = random();
    const std::uint64_t delay = random.below(2000);
    weft::Counter counter;
    std::thread stopper([&] {
      for (std::uint64_t i = 0; i < delay; ++i) weft::cpu_relax();
      for (std::stop_source& source : sources) source.request_stop();
    });
    auto root = [](Census& census, std::uint64_t shape) -> Task<> {
      try {
        co_await tree(census, static_cast<int>(shape % 4), shape);
      } catch (const weft::OperationCancelled&) {
      }
      census.is_joined.store(true);
    };
    for (std::size_t i = 0; i < kTrees; ++i) {
      rt.spawn(root(censuses[i], shapes[i]), counter, {.stop = sources[i].get_token()});
    }
    counter.wait();
    // Not before: a worker's thread would be given the ended thread's id, by which ~stop_callback of libstdc++ takes it for the
    // one that runs the callback and does not synchronize with it. Harmless, the callback is over; ThreadSanitizer reports it.
    stopper.join();
    for (const Census& census : censuses) {
      REQUIRE(census.begun.load() == census.ended.load());
      REQUIRE(census.late.load() == 0);
    }
    watchdog.progress();
  }
}

TEST_CASE("runtimes that are cancelled at a random moment end completely") {
  SeededRandom random(9);
  Watchdog watchdog("cancelled runtimes", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    Census census;
    {
      weft::Runtime rt{{.workers = 1 + static_cast<unsigned>(random.below(3)), .on_unhandled = [](std::exception_ptr) {}}};
      for (int i = 0; i < 4; ++i) rt.spawn_detached(tree(census, static_cast<int>(random.below(4)), random()));
      for (std::uint64_t i = random.below(2000); i > 0; --i) weft::cpu_relax();
      REQUIRE(rt.shutdown(weft::Shutdown::Cancel).is_complete());
      census.is_joined.store(true);
    }
    REQUIRE(census.begun.load() == census.ended.load());
    REQUIRE(census.late.load() == 0);
    watchdog.progress();
  }
}
