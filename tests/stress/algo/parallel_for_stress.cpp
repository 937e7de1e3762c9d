// Random loops, one in another, of every form, partition and grain, with exceptions, on 1 to 8 workers.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/counted.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <stdexcept>
#include <utility>
#include <vector>

using weft::ParallelForOptions;
using weft::Partition;
using weft::Priority;
using weft::Task;
using weft_test::Counted;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;

namespace {

struct IndexFailed : std::runtime_error {
  IndexFailed() : std::runtime_error("index"), counted(1) {}
  Counted counted;
};

/// One loop: the rows of a table, each of which is a loop over its cells.
struct Plan {
  static constexpr std::int64_t kNoIndex = -1;

  explicit Plan(SeededRandom& random)
      : rows(static_cast<std::int64_t>(random.below(random.one_in(4) ? 300 : 20))),
        columns(static_cast<std::int64_t>(random.below(random.one_in(4) ? 3000 : 50))),
        offset(static_cast<std::int64_t>(random.below(1000)) - 500),
        outer(draw(random, true)),
        inner(draw(random, false)),
        kind(random.below(4)),
        spins(random.one_in(3) ? random.below(2000) : 0),
        failing(random.one_in(4) && rows * columns > 0
                    ? static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows * columns)))
                    : kNoIndex) {}

  static ParallelForOptions draw(SeededRandom& random, bool may_move) {
    ParallelForOptions options;
    if (random.one_in(2)) options.grain = 1 + random.below(random.one_in(2) ? 8 : 500);
    if (random.one_in(4)) options.partition = Partition::Equal;
    if (may_move && random.one_in(4)) options.priority = static_cast<Priority>(random.below(3));
    return options;
  }

  std::int64_t rows;
  std::int64_t columns;
  std::int64_t offset;  // of the indices, which are negative at times
  ParallelForOptions outer;
  ParallelForOptions inner;
  std::uint64_t kind;   // of the loop over rows
  std::uint64_t spins;  // in one cell of sixteen: unequal iterations
  std::int64_t failing;
};

class Table {
 public:
  explicit Table(const Plan& plan) : plan_(plan), cells_(static_cast<std::size_t>(plan.rows * plan.columns)) {}

  void run_row(std::int64_t row) {
    const Counted local(1);
    weft::sync_parallel_for(plan_.offset, plan_.offset + plan_.columns,
                            [&, row](std::int64_t i) { visit(row * plan_.columns + i - plan_.offset); }, plan_.inner);
  }
  [[nodiscard]] bool all_are(int wanted) const {
    for (const auto& cell : cells_) {
      if (cell.load() != wanted) return false;
    }
    return true;
  }
  [[nodiscard]] bool none_is_above(int most) const {
    for (const auto& cell : cells_) {
      if (cell.load() > most) return false;
    }
    return true;
  }

 private:
  void visit(std::int64_t cell) {
    cells_[static_cast<std::size_t>(cell)].fetch_add(1);
    if (cell == plan_.failing) throw IndexFailed();
    if (cell % 16 != 0) return;
    for (std::uint64_t i = 0; i < plan_.spins; ++i) asm volatile("");
  }

  const Plan& plan_;
  std::vector<std::atomic<int>> cells_;
};

Task<> run_rows(Table& table, const Plan& plan) {
  const auto run_row = [&table](std::int64_t row) { table.run_row(row); };
  const auto run_rows = [&table](std::int64_t first, std::int64_t last) {
    for (; first != last; ++first) table.run_row(first);
  };
  if (plan.kind == 0) {
    co_await weft::parallel_for(0, plan.rows, run_row, plan.outer);
  } else if (plan.kind == 1) {
    co_await weft::parallel_for(0, plan.rows, run_rows, plan.outer);
  } else if (plan.kind == 2) {
    co_await weft::parallel_for(std::views::iota(std::int64_t{0}, plan.rows), run_row, plan.outer);
  } else {
    ParallelForOptions options = plan.outer;
    options.priority = {};
    weft::sync_parallel_for(0, plan.rows, run_row, options);
  }
}

}  // namespace

TEST_CASE("random loops in loops visit each index once, or fail once") {
  const unsigned workers = GENERATE(1u, 2u, 3u, 4u, 8u);
  SeededRandom random(workers);
  const std::size_t frames = weft::frame_memory_outstanding();
  {
    weft::Runtime rt{{.workers = workers}};
    Watchdog watchdog("random loops", std::chrono::seconds(60));
    const StressClock clock;
    for (int round = 0; !clock.is_over() || round < 20; ++round) {
      const Plan plan(random);
      Table table(plan);
      if (plan.failing == Plan::kNoIndex) {
        rt.run(run_rows(table, plan));
        REQUIRE(table.all_are(1));
      } else {
        REQUIRE_THROWS_AS(rt.run(run_rows(table, plan)), IndexFailed);
        REQUIRE(table.none_is_above(1));
      }
      REQUIRE(Counted::alive() == 0);
      watchdog.progress();
    }
  }
  CHECK(weft::frame_memory_outstanding() == frames);
}

TEST_CASE("loops that are stopped at random moments end, and visit no index twice") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  SeededRandom random(workers + 100);
  weft::Runtime rt{{.workers = workers}};
  Watchdog watchdog("stopped loops", std::chrono::seconds(60));
  const StressClock clock;
  for (int round = 0; !clock.is_over() || round < 20; ++round) {
    const std::size_t count = 1 + random.below(20'000);
    const std::size_t stopping = random.below(2 * count);
    const ParallelForOptions options = Plan::draw(random, true);
    std::vector<std::atomic<int>> visits(count);
    std::stop_source source;
    auto body = [&](std::size_t i) {
      visits[i].fetch_add(1);
      if (i == stopping) source.request_stop();
    };
    weft::Counter counter;
    rt.spawn(weft::parallel_for(0u, count, std::ref(body), options), counter, {.stop = source.get_token()});
    bool is_stopped = false;
    try {
      counter.wait();
    } catch (const weft::OperationCancelled&) {
      is_stopped = true;
    }
    std::size_t missing = 0;
    for (const auto& times : visits) {
      REQUIRE(times.load() <= 1);
      missing += times.load() == 0 ? 1 : 0;
    }
    REQUIRE(is_stopped == (missing != 0));
    watchdog.progress();
  }
}
