/// @file
/// The cases about fibers. A time is that of one operation: of one switch, one job, one turn.
///
/// cycle             an add that waits for the one before: one cycle of the processor, to read the others in
/// switch_pair       one way between the thread's stack and a fiber's
/// switch_ring_1024  the same, the thread resuming 1024 fibers in turn
/// spawn_join        an empty job on a fiber of its own, of a million spawned one after another and then joined
/// batch_1000        the same, a thousand at a time
/// yield             one of two lets the other go first, through the scheduler
/// ping_pong         one of two waits for the other to hand it the turn
/// on_fiber          a coroutine awaits an empty function on a fiber
/// parked            a fiber that is spawned, waits with 100,000 others, and ends; and what memory it takes while it waits
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/memory.hpp"

namespace fibers {

inline constexpr std::size_t kRing = 1024;
inline constexpr std::size_t kBatch = 1000;
inline constexpr std::size_t kStackBytes = std::size_t{64} << 10;

inline std::size_t switch_count() { return perf::size<std::size_t>(1024 * kRing, 4 * kRing); }
inline std::size_t job_count() { return perf::size<std::size_t>(1'000'000, 2'000); }
inline std::size_t turn_count() { return perf::size<std::size_t>(1'000'000, 2'000); }
inline std::size_t parked_count() { return perf::size<std::size_t>(100'000, 10'000); }

/// Adds a case. `run(state)` is the whole of it; it calls measure().
template <class Run>
bool add_operation(const std::string& problem, const std::string& contender, unsigned threads, Run run) {
  perf::add_case(problem, contender, threads, std::move(run))->Unit(benchmark::kNanosecond);
  return true;
}

/// `do_all(count)` does `count` operations and returns how many have been seen to be done.
template <class DoAll>
void measure(benchmark::State& state, std::size_t count, DoAll do_all) {
  do_all(count);  // threads, stacks and caches are there then
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
    perf::verify(do_all(count) == count, "number of operations that have been done");
  }
}

/// Adds the cases of switches alone. `OneFiber` has a stack of its own; resume() switches there, where a run is counted and then back.
template <class OneFiber>
bool add_switches(const std::string& contender) {
  add_operation("switch_pair", contender, 1, [](benchmark::State& state) {
    OneFiber fiber;
    measure(state, switch_count(), [&fiber](std::size_t count) {
      const std::size_t before = fiber.runs();
      for (std::size_t i = 0; i < count / 2; ++i) fiber.resume();
      return 2 * (fiber.runs() - before);
    });
  });
  add_operation("switch_ring_1024", contender, 1, [](benchmark::State& state) {
    std::vector<OneFiber> ring(kRing);
    measure(state, switch_count(), [&ring](std::size_t count) {
      const std::size_t before = ring.back().runs();
      for (std::size_t round = 0; round < count / 2 / kRing; ++round) {
        for (OneFiber& fiber : ring) fiber.resume();
      }
      return 2 * kRing * (ring.back().runs() - before);
    });
  });
  return true;
}

/// The memory that parked fibers take.
class ParkedMemory {
 public:
  /// When all are parked.
  void look(std::size_t parked) {
    if (parked_ != 0) return;  // only for the first time: later some of it has been there before
    const perf::MemoryUse now = perf::MemoryUse::now();
    parked_ = parked;
    kib_each_ = (now.resident_kib - before_.resident_kib) / static_cast<double>(parked);
    mappings_ = static_cast<double>(now.mappings) - static_cast<double>(before_.mappings);
  }
  /// Adds the counters `fibers`, `rss_kib` (of each) and `mappings` (that all need).
  void record(benchmark::State& state) const {
    state.counters["fibers"] = static_cast<double>(parked_);
    state.counters["rss_kib"] = kib_each_;
    state.counters["mappings"] = mappings_;
  }

 private:
  const perf::MemoryUse before_ = perf::MemoryUse::trimmed();
  std::size_t parked_ = 0;
  double kib_each_ = 0;
  double mappings_ = 0;
};

/// `park_all(count, look)` spawns `count` fibers, lets all of them wait, calls `look(parked)`, and lets them end; it returns how many there
/// were, which may be less than `count` where the system does not give more.
template <class ParkAll>
void measure_parked(benchmark::State& state, ParkAll park_all) {
  ParkedMemory memory;
  const auto look = [&memory](std::size_t parked) { memory.look(parked); };
  const std::size_t count = park_all(parked_count(), look);
  perf::verify(count != 0, "number of fibers that could wait");
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
    perf::verify(park_all(count, look) == count, "number of fibers that have waited");
  }
  memory.record(state);
}

}  // namespace fibers
