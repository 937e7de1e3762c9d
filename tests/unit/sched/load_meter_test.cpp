// What two looks at the same figures say, with figures and times made up.
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sched/load_meter.hpp"
#include "milliseconds.hpp"

using weft::Load;
using weft::LoadMeter;
using weft::WorkerFigures;
using weft_test::kMs;

namespace {

/// Workers and queues at one moment.
struct Figures {
  std::vector<WorkerFigures> of_workers;
  std::uint64_t visible = 0;

  [[nodiscard]] std::size_t workers() const { return of_workers.size(); }
  [[nodiscard]] WorkerFigures figures_of(std::size_t worker) const { return of_workers[worker]; }
  [[nodiscard]] std::uint64_t visible_jobs() const { return visible; }
};

double busy_between(const std::vector<WorkerFigures>& before, const std::vector<WorkerFigures>& after, std::int64_t elapsed_ns) {
  LoadMeter meter(8);
  static_cast<void>(meter.look(kMs, Figures{before}));
  return meter.look(kMs + elapsed_ns, Figures{after}).busy;
}

/// What waits between two looks, by jobs that were visible and had begun.
unsigned waiting_between(Figures before, Figures after) {
  LoadMeter meter(8);
  static_cast<void>(meter.look(kMs, before));
  return meter.look(2 * kMs, after).waiting;
}

}  // namespace

TEST_CASE("busy is what of the time workers were not idle, summed") {
  CHECK(busy_between({{0}, {0}, {0}}, {{0}, {4 * kMs}, {1 * kMs}}, 4 * kMs) == 1.75);
  CHECK(busy_between({{7 * kMs}}, {{9 * kMs}}, 4 * kMs) == 0.5);
}

TEST_CASE("figures that are a little off make nobody busier than all the time, or less than idle") {
  CHECK(busy_between({{5 * kMs}}, {{5 * kMs - 100}}, kMs) == 1);
  CHECK(busy_between({{0}}, {{kMs + 100}}, kMs) == 0);
}

TEST_CASE("who is blocked is not busy, and is busy again afterwards") {
  LoadMeter meter(8);
  static_cast<void>(meter.look(1 * kMs, Figures{{{0}, {0}}}));
  CHECK(meter.look(2 * kMs, Figures{{{0, 0, true}, {0}}}).busy == 1);
  CHECK(meter.look(3 * kMs, Figures{{{0}, {0}}}).busy == 2);
}

TEST_CASE("a worker that was added counts for no more than the time since the last look") {
  CHECK(busy_between({{0}}, {{0}, {20 * kMs}}, kMs) == 1);  // it has been idle since the pool was made
  CHECK(busy_between({{0}, {0}}, {{0}}, kMs) == 1);
}

TEST_CASE("two looks at the same moment, or back in time, say nothing of who is busy") {
  CHECK(busy_between({{0}}, {{0}}, 0) == 0);
  CHECK(busy_between({{0}}, {{0}}, -5) == 0);
}

TEST_CASE("jobs wait if fewer have begun than were visible, and are visible still") {
  CHECK(waiting_between({{{0, 10}}, 5}, {{{0, 10}}, 5}) == 5);
  CHECK(waiting_between({{{0, 10}}, 5}, {{{0, 12}}, 9}) == 3);   // six of these are new
  CHECK(waiting_between({{{0, 10}}, 5}, {{{0, 10}}, 2}) == 2);   // three were taken, and are to begin
  CHECK(waiting_between({{{0, 10}}, 5}, {{{0, 10}}, 0}) == 0);
}

TEST_CASE("jobs that are visible at both looks have not waited if as many have begun meanwhile") {
  CHECK(waiting_between({{{0, 10}}, 5}, {{{0, 15}}, 5}) == 0);
  CHECK(waiting_between({{{0, 10}, {0, 20}}, 5}, {{{0, 12}, {0, 24}}, 50}) == 0);
  CHECK(waiting_between({{{0, 0}}, 0}, {{{0, 0}}, 50}) == 0);
}

TEST_CASE("more jobs than a number holds are as many as it holds") {
  constexpr std::uint64_t kMany = std::uint64_t{1} << 40;
  CHECK(waiting_between({{{0, 0}}, kMany}, {{{0, 0}}, kMany}) == ~0U);
}

TEST_CASE("each look compares with the one before") {
  LoadMeter meter(8);
  static_cast<void>(meter.look(10 * kMs, Figures{{{0, 0}}, 4}));
  CHECK(meter.look(11 * kMs, Figures{{{0, 1}}, 3}).waiting == 3);
  CHECK(meter.look(12 * kMs, Figures{{{0, 4}}, 0}).waiting == 0);
  const Load load = meter.look(16 * kMs, Figures{{{3 * kMs, 4}}, 0});
  CHECK(load.busy == 0.25);
  CHECK(load.waiting == 0);
}
