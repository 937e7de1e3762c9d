/// @file
/// The word of an Event under relacy: a waiter against set(), and destruction by whoever goes on. Proof: lib/sync/README.md, "the event".
#include <memory>

#include "support/explore.hpp"
#include "support/mortal_atomic.hpp"
#include "support/sleeper.hpp"

#include <weft/sync/event_word.hpp>

namespace {

/// As weft::Event builds on the word.
struct Event {
  weft::BasicEventWord<model::Sleeper, model::MortalAtomics> word;

  void set() {
    model::Sleeper* waiter = word.set();
    // ---- the event may be gone ----
    while (waiter != nullptr) {
      model::Sleeper* const next = waiter->next;
      waiter->wake();
      waiter = next;
    }
  }
  void wait() {
    model::Sleeper self;
    if (!word.is_set() && word.enter_unless_set(self)) self.sleep();
    // ---- if it has slept, the event may be gone ----
  }
};

/// Thread 0 sets the event, the others wait; the last of them destroys it, also while it is still being set.
template <int kWaiters>
struct SetAndWait : rl::test_suite<SetAndWait<kWaiters>, 1 + kWaiters> {
  std::unique_ptr<Event> event;
  model::Plain<int> payload{0};
  model::Atomic<int> left{kWaiters};

  void before() { event = std::make_unique<Event>(); }
  void thread(unsigned index) {
    if (index == 0) {
      payload = 1;
      event->set();
      return;
    }
    event->wait();
    model::check(payload == 1, "a waiter went on before the event was set");
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) event.reset();
  }
  void after() { model::check(event == nullptr, "not all waiters went on"); }
};

/// Two threads take turns, each by an event of its own that the other sets.
struct PingPong : rl::test_suite<PingPong, 2> {
  static constexpr int kRounds = 2;
  std::unique_ptr<Event[]> turn;
  model::Plain<int> ball{0};

  void before() { turn = std::make_unique<Event[]>(2); }
  void after() { turn.reset(); }
  void thread(unsigned index) {
    for (int round = 0; round < kRounds; ++round) {
      if (index == 1 || round > 0) {
        turn[index].wait();
        model::check(turn[index].word.reset(), "an event that was waited for is not set");
      }
      model::check(ball == 2 * round + static_cast<int>(index), "a turn was lost");
      ball = ball + 1;
      turn[1 - index].set();
    }
  }
};

/// Whoever resets the event has seen what was done before it was set, though it has not waited.
struct Reset : rl::test_suite<Reset, 2> {
  std::unique_ptr<Event> event;
  model::Plain<int> payload{0};

  void before() { event = std::make_unique<Event>(); }
  void after() { event.reset(); }
  void thread(unsigned index) {
    if (index == 0) {
      payload = 1;
      event->set();
    } else if (event->word.reset()) {
      model::check(payload == 1, "it was reset before it was set");
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<SetAndWait<1>>("one waiter", {100'000, 4, 1'000'000, 6});
  explorer.run<SetAndWait<2>>("two waiters", {100'000, 2, 2'000'000, 3});
  explorer.run<PingPong>("two threads take turns", {100'000, 2, 1'000'000, 3});
  explorer.run<Reset>("reset without waiting", {10'000, 4, 100'000, 6});
  return explorer.finish();
}
