/// @file
/// weft's fibers in a runtime: spawn_fiber, this_fiber, on_fiber, Counter. `weft-plain` and `weft-task` do the same without a stack, to show
/// what the stack costs.
#include <weft/weft.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fiber/allocations.hpp"
#include "fiber/cases.hpp"
#include "support/tally.hpp"

namespace fibers {
namespace {

using perf::Tally;
using weft::Counter;
using weft::Runtime;
using weft::Task;

// ---- spawn_join, batch_1000 ----

constexpr auto kEmptyJob = [] { Tally::count(); };

struct OnFibers {
  static void spawn(Counter& unfinished) { weft::spawn_fiber(kEmptyJob, unfinished); }
};

struct OnWorkers {
  static void spawn(Counter& unfinished) { weft::spawn(kEmptyJob, unfinished); }
};

template <class Where>
Task<> join(std::size_t count, std::size_t batch) {
  for (; count > 0; count -= std::min(count, batch)) {
    Counter unfinished;
    for (std::size_t i = 0; i < std::min(count, batch); ++i) Where::spawn(unfinished);
    co_await unfinished;
  }
}

template <class Where>
void add_joins(const std::string& contender) {
  for (const unsigned threads : {1u, 2u}) {
    const auto add_join = [&](const std::string& problem, std::size_t batch) {
      add_operation(problem, contender, threads, [threads, batch](benchmark::State& state) {
        Runtime runtime{{.workers = threads}};
        measure(state, job_count(), [&](std::size_t count) {
          const std::uint64_t before = Tally::total();
          runtime.run(join<Where>(count, batch));
          return Tally::total() - before;
        });
      });
    };
    add_join("spawn_join", job_count());
    add_join("batch_1000", kBatch);
  }
}

[[maybe_unused]] const bool joins = [] {
  add_joins<OnFibers>("weft");
  add_joins<OnWorkers>("weft-plain");
  return true;
}();

// ---- yield ----

/// What two fibers, or tasks, have done in turn.
struct Turns {
  std::size_t done = 0;
  std::uint64_t allocated = 0;  // after the first round
  std::size_t moved = 0;        // of ping_pong: turns on another worker than the one before
};

// On a busy machine the watcher takes a worker for blocked now and then, and makes another. Turns are thousands.
constexpr std::uint64_t kAllocatedByWatcher = 16;

/// `play(turns, count)` has both do `count` turns altogether. Once they have done so before, none may allocate.
template <class Play>
Turns measure_turns(benchmark::State& state, std::size_t turn_count, Play play) {
  bool is_first = true;
  Turns turns;
  measure(state, turn_count, [&](std::size_t count) {
    turns = {};
    play(turns, count);
    perf::verify(std::exchange(is_first, false) || turns.allocated <= kAllocatedByWatcher, "suspending and resuming allocates");
    return turns.done;
  });
  return turns;
}

void yield_on_fiber(Turns& turns, std::size_t count) {
  weft::this_fiber::yield();
  const std::uint64_t before = allocations();
  for (std::size_t i = 1; i < count; ++i) weft::this_fiber::yield();
  turns.allocated += allocations() - before;
  turns.done += count;
}

Task<> yield_in_task(Turns& turns, std::size_t count) {
  co_await weft::yield();
  const std::uint64_t before = allocations();
  for (std::size_t i = 1; i < count; ++i) co_await weft::yield();
  turns.allocated += allocations() - before;
  turns.done += count;
}

Task<> yield_on_fibers(Turns& turns, std::size_t count) {
  Counter unfinished;
  for (int i = 0; i < 2; ++i) weft::spawn_fiber([&turns, count] { yield_on_fiber(turns, count / 2); }, unfinished);
  co_await unfinished;
}

Task<> yield_in_tasks(Turns& turns, std::size_t count) {
  Counter unfinished;
  for (int i = 0; i < 2; ++i) weft::spawn(yield_in_task(turns, count / 2), unfinished);
  co_await unfinished;
}

template <class Both>
bool add_yield(const std::string& contender, Both both) {
  return add_operation("yield", contender, 1, [both](benchmark::State& state) {
    Runtime runtime{{.workers = 1}};
    measure_turns(state, turn_count(), [&](Turns& turns, std::size_t count) { runtime.run(both(turns, count)); });
  });
}

[[maybe_unused]] const bool yield_fiber = add_yield("weft", yield_on_fibers);
[[maybe_unused]] const bool yield_task = add_yield("weft-task", yield_in_tasks);

// ---- ping_pong ----

/// Somebody's turn: given by one, taken by the other.
class CounterTurn {
 public:
  void give() noexcept { left_.sub(); }
  void take() {
    weft::this_fiber::wait(left_);
    left_.add();
  }

 private:
  Counter left_{1};
};
class EventTurn {
 public:
  void give() noexcept { event_.set(); }
  void take() {
    weft::this_fiber::await(event_);
    event_.reset();
  }

 private:
  weft::Event event_;
};

/// Two fibers that hand one turn to each other.
template <class Turn>
class Game {
 public:
  Game(Turns& turns, std::size_t hops) : turns_(turns), rounds_(hops / 2) {}

  void play_first() {
    round_of_first();
    const std::uint64_t before = allocations();
    for (std::size_t i = 1; i < rounds_; ++i) round_of_first();
    turns_.allocated += allocations() - before;
    first_.give();
  }
  void play_second() {
    for (std::size_t i = 0; i < rounds_; ++i) {
      take(second_);
      first_.give();
    }
    second_.give();
  }

 private:
  void round_of_first() {
    second_.give();
    take(first_);
  }
  void take(Turn& mine) {
    mine.take();
    ++turns_.done;
    const weft::WorkerContext* const here = weft::current_worker();
    if (std::exchange(worker_, here) != here) ++turns_.moved;
  }

  // ---- of whoever has the turn ----
  Turns& turns_;
  const weft::WorkerContext* worker_ = nullptr;
  // ---- of both ----
  const std::size_t rounds_;
  Turn first_;
  Turn second_;
};

template <class Turn>
Task<> play(Turns& turns, std::size_t hops) {
  Game<Turn> game(turns, hops);
  Counter unfinished;
  weft::spawn_fiber([&game] { game.play_first(); }, unfinished);
  weft::spawn_fiber([&game] { game.play_second(); }, unfinished);
  co_await unfinished;
}

void record_moves(benchmark::State& state, const Turns& turns) {
  state.counters["moved"] = static_cast<double>(turns.moved) / static_cast<double>(turns.done);
}

template <class Turn>
bool add_ping_pong(const char* contender) {
  for (const unsigned threads : {1u, 2u}) {
    add_operation("ping_pong", contender, threads, [threads](benchmark::State& state) {
      Runtime runtime{{.workers = threads}};
      const Turns turns =
          measure_turns(state, turn_count(), [&](Turns& now, std::size_t count) { runtime.run(play<Turn>(now, count)); });
      if (threads > 1) record_moves(state, turns);
    });
  }
  return true;
}
[[maybe_unused]] const bool ping_pong = add_ping_pong<CounterTurn>("weft");
[[maybe_unused]] const bool ping_pong_event = add_ping_pong<EventTurn>("weft-event");

/// Two workers of one runtime bring the players together; those of two runtimes cannot.
[[maybe_unused]] const bool ping_pong_apart = add_operation("ping_pong", "weft-apart", 2, [](benchmark::State& state) {
  Runtime first{{.workers = 1}};
  Runtime second{{.workers = 1}};
  const Turns turns = measure_turns(state, perf::size<std::size_t>(20'000, 200), [&](Turns& now, std::size_t count) {
    Game<CounterTurn> game(now, count);
    Counter unfinished;
    first.spawn_fiber([&game] { game.play_first(); }, unfinished);
    second.spawn_fiber([&game] { game.play_second(); }, unfinished);
    unfinished.wait();
  });
  record_moves(state, turns);
});

// ---- on_fiber ----

Task<> await_on_fiber(std::size_t count, std::size_t& done) {
  for (std::size_t i = 0; i < count; ++i) co_await weft::on_fiber([&done] { ++done; });
}

Task<> add_one(std::size_t& done) {
  ++done;
  co_return;
}

Task<> await_tasks(std::size_t count, std::size_t& done) {
  for (std::size_t i = 0; i < count; ++i) co_await add_one(done);
}

template <class Await>
bool add_await(const std::string& contender, Await await) {
  return add_operation("on_fiber", contender, 1, [await](benchmark::State& state) {
    Runtime runtime{{.workers = 1}};
    measure(state, turn_count(), [&](std::size_t count) {
      std::size_t done = 0;
      runtime.run(await(count, done));
      return done;
    });
  });
}

[[maybe_unused]] const bool on_fiber = add_await("weft", await_on_fiber);
[[maybe_unused]] const bool await_task = add_await("weft-task", await_tasks);

// ---- parked ----

/// On one worker.
template <class Look>
Task<> park(std::size_t count, std::size_t& parked, Look look) {
  Counter gate(1);
  Counter unfinished;
  for (std::size_t i = 0; i < count; ++i) {
    weft::spawn_fiber(
        [&gate, &parked] {
          ++parked;
          weft::this_fiber::wait(gate);
        },
        unfinished);
  }
  // Those for which there was no stack are not unfinished any more.
  while (parked != unfinished.value()) co_await weft::yield();
  look(parked);
  gate.sub();
  try {
    co_await unfinished;
  } catch (const weft::LimitError&) {
    // There are fewer.
  }
}

[[maybe_unused]] const bool parked = add_operation("parked", "weft", 1, [](benchmark::State& state) {
  Runtime runtime{{.workers = 1}};
  measure_parked(state, [&runtime](std::size_t count, auto look) {
    std::size_t parked_now = 0;
    runtime.run(park(count, parked_now, look));
    return parked_now;
  });
});

}  // namespace
}  // namespace fibers
