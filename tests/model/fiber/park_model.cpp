/// @file
/// A fiber that is parked and woken, under relacy: whoever wakes it runs it at once, on another thread, and finds everything in its place.
/// States and proof: lib/fiber/README.md.
///
/// The order of the steps and the counter are the shipped ones. A stack is reduced to two plain variables, which relacy watches: where the
/// fiber goes on, and what it remembers.
#include <memory>

#include "support/explore.hpp"

#include "fiber/run_until_parked.hpp"
#include <weft/coro/counter_word.hpp>

namespace {

struct Fiber;

struct Node {
  using Error = int;
  model::Plain<Node*> next{nullptr};
  model::Plain<int> error{0};
  Fiber* fiber = nullptr;
};

using Word = weft::BasicCounterWord<Node, model::ModelAtomics>;

/// What happens after a switch: the fiber waits for a counter, or has ended.
struct After {
  Word* counter;  // null: it has ended
};

/// Waits for each of its counters in turn.
struct Fiber {
  static constexpr int kMost = 2;

  Word* counters[kMost] = {};
  int waits = 0;
  Node nodes[kMost];
  After after{nullptr};
  model::Plain<int> place{0};  // on its stack: how many it has waited for
  model::Plain<int> memory{0};
  model::Plain<int> ends{0};
};

struct Thread {
  Fiber& fiber;

  Fiber* job() const { return &fiber; }

  After& run_to_next_switch() const {
    const int place = fiber.place;
    model::check(fiber.memory == place, "a fiber goes on without what it had on its stack");
    fiber.memory = place + 1;
    fiber.after.counter = place < fiber.waits ? fiber.counters[place] : nullptr;
    fiber.place = place + 1;
    return fiber.after;
  }

  Fiber* call(After& after) const {
    Word* const counter = after.counter;
    if (counter == nullptr) {
      fiber.ends = fiber.ends + 1;
      return nullptr;
    }
    Node& node = fiber.nodes[static_cast<int>(fiber.place) - 1];
    node.fiber = &fiber;
    return counter->try_register(node) ? nullptr : &fiber;
  }
};

void run(Fiber& fiber) { weft::detail::run_until_parked(Thread{fiber}); }

/// As Counter::sub: but whoever wakes a fiber runs it, as the first that takes it from a queue would.
void sub(Word& counter) {
  if (!counter.sub(1)) return;
  for (Node* node = counter.settle(); node != nullptr;) {
    Node* const next = node->next;
    run(*node->fiber);
    node = next;
  }
}

template <class Derived, int kThreads>
struct ParkScenario : rl::test_suite<Derived, kThreads> {
  std::unique_ptr<Word> counters[Fiber::kMost];
  std::unique_ptr<Fiber> fiber;

  void before() {
    fiber = std::make_unique<Fiber>();
    for (int i = 0; i < Fiber::kMost; ++i) {
      counters[i] = std::make_unique<Word>(1);
      fiber->counters[i] = counters[i].get();
    }
    fiber->waits = Derived::kWaits;
  }
  void after() {
    model::check(fiber->ends == 1, "the fiber has not ended exactly once");
    fiber.reset();
    for (auto& counter : counters) counter.reset();
  }
};

struct OneWait : ParkScenario<OneWait, 2> {
  static constexpr int kWaits = 1;
  void thread(unsigned index) {
    if (index == 0) run(*fiber);
    if (index == 1) sub(*counters[0]);
  }
};

struct TwoWakers : ParkScenario<TwoWakers, 3> {
  static constexpr int kWaits = 2;
  void thread(unsigned index) {
    if (index == 0) run(*fiber);
    if (index != 0) sub(*counters[index - 1]);
  }
};

struct WakerWakesAgain : ParkScenario<WakerWakesAgain, 2> {
  static constexpr int kWaits = 2;
  void thread(unsigned index) {
    if (index == 0) {
      run(*fiber);
      sub(*counters[1]);
    } else {
      sub(*counters[0]);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<OneWait>("a wake-up while the fiber switches out", {100'000, 3, 1'000'000, 5});
  explorer.run<TwoWakers>("two threads wake it in turn", {100'000, 2, 5'000'000, 3});
  explorer.run<WakerWakesAgain>("who was left wakes it again", {100'000, 3, 1'000'000, 4});
  return explorer.finish();
}
