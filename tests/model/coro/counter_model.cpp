/// @file
/// The word of a Counter under relacy: a waiter against the last sub, rounds, errors, and destruction by whoever goes on.
/// States and proof: lib/coro/README.md, "the counter".
#include <memory>

#include "support/explore.hpp"
#include "support/mortal_atomic.hpp"

#include <weft/coro/counter_word.hpp>

namespace {

struct Node {
  using Error = int;  // 0: none
  model::Plain<Node*> next{nullptr};
  model::Plain<int> error{0};
  model::Atomic<std::uint32_t> woken{0};

  /// @return  the error of the round
  int sleep() {
    while (woken.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
    return error;
  }
};

/// As weft::Counter builds on the word.
struct Counter {
  weft::BasicCounterWord<Node, model::MortalAtomics> word;

  explicit Counter(std::uint32_t initial) : word(initial) {}

  void add() { word.add(1); }
  void sub() {
    if (word.sub(1)) wake_all(word.settle());
  }

  static void wake_all(Node* first) {
    while (first != nullptr) {
      Node* const next = first->next;  // before the wake (L5)
      first->woken.store(1, std::memory_order_release);
      first = next;
    }
  }

  /// @return  the error of the round
  int wait() {
    Node node;
    if (!word.look(node) && word.try_register(node)) return node.sleep();
    // ---- if it has slept, the counter may be gone (L4) ----
    return node.error;
  }
};

template <class Derived, int kThreads, int kInitial>
struct CounterScenario : rl::test_suite<Derived, kThreads> {
  std::unique_ptr<Counter> counter;
  model::Plain<int> payload[2];

  void before() { counter = std::make_unique<Counter>(kInitial); }
  void after() {
    if (counter == nullptr) return;
    model::check(counter->word.is_complete(), "the counter is not complete at the end");
    model::check(counter->word.value() == 0, "the value is not zero at the end");
    counter.reset();
  }

  void finish_job(int which) {
    payload[which] = 1 + which;
    counter->sub();
  }
  void expect_payload(int which) {
    model::check(payload[which] == 1 + which, "a waiter went on before the job had ended");
  }
  static void wait_for(const model::Atomic<int>& flag) {
    while (flag.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
  }

  /// Leaves the counter at zero with error 10, after a round in which nobody waited.
  void leave_an_error(bool is_seen) {
    counter = std::make_unique<Counter>(1);
    counter->word.keep_error(10);
    counter->word.keep_error(12);  // dropped
    counter->sub();
    if (is_seen) model::check(counter->wait() == 10, "the error is not there after the end");
  }
};

/// The waiter destroys the counter as soon as it goes on.
struct LastSub : CounterScenario<LastSub, 2, 1> {
  void thread(unsigned index) {
    if (index == 0) {
      finish_job(0);
    } else {
      model::check(counter->wait() == 0, "an error from nowhere");
      expect_payload(0);
      counter.reset();
    }
  }
};

struct TwoJobs : CounterScenario<TwoJobs, 3, 2> {
  void thread(unsigned index) {
    if (index < 2) {
      finish_job(static_cast<int>(index));
    } else {
      counter->wait();
      expect_payload(0);
      expect_payload(1);
      counter.reset();
    }
  }
};

/// Two wait for a round that fails; the first to go on destroys the counter, and the other one has the error all the same.
struct FirstDestroys : CounterScenario<FirstDestroys, 3, 1> {
  model::Atomic<int> has_begun[2];
  model::Atomic<int> is_first{1};
  void thread(unsigned index) {
    if (index == 0) {
      counter->word.keep_error(10);
      finish_job(0);
      return;
    }
    Node node;
    const bool must_sleep = !counter->word.look(node) && counter->word.try_register(node);
    has_begun[index - 1].store(1, std::memory_order_release);
    // ---- from here on the counter may be gone ----
    const int error = must_sleep ? node.sleep() : static_cast<int>(node.error);
    model::check(error == 10, "a waiter was not thrown the error");
    expect_payload(0);
    if (is_first.exchange(0, std::memory_order_acq_rel) == 1) {
      wait_for(has_begun[2 - index]);
      counter.reset();
    }
  }
};

/// One thread waits; another only asks, and destroys the counter once it is complete (C4).
struct AskAndDestroy : CounterScenario<AskAndDestroy, 3, 1> {
  model::Atomic<int> has_begun{0};
  void thread(unsigned index) {
    if (index == 0) {
      counter->word.keep_error(10);
      finish_job(0);
    } else if (index == 1) {
      Node node;
      const bool must_sleep = counter->word.try_register(node);
      has_begun.store(1, std::memory_order_release);
      // ---- from here on the counter may be gone ----
      const int error = must_sleep ? node.sleep() : static_cast<int>(node.error);
      model::check(error == 10, "the waiter was not thrown the error");
      expect_payload(0);
    } else {
      wait_for(has_begun);
      const bool is_zero = counter->word.value() == 0;
      model::check(!is_zero || counter->word.is_complete(), "the value is zero before the round is over");
      while (!counter->word.is_complete()) model::ModelAtomics::spin_pause();
      expect_payload(0);
      model::check(counter->word.unseen_error() == 0, "the error counts as unseen although a waiter has it");
      counter.reset();
    }
  }
};

/// A second round begins, and is waited for, while the first one ends.
struct Rounds : CounterScenario<Rounds, 3, 1> {
  model::Atomic<int> is_spawned{0};
  void thread(unsigned index) {
    if (index == 0) {
      finish_job(0);
      wait_for(is_spawned);
      finish_job(1);
    } else if (index == 1) {
      counter->wait();
    } else {
      counter->add();
      is_spawned.store(1, std::memory_order_release);
      counter->wait();
      expect_payload(1);
    }
  }
};

/// Two threads, neither of which holds a count, add while a round ends; each then waits for what it added. The last of the three
/// who wait destroys the counter.
struct TwoAdders : CounterScenario<TwoAdders, 4, 1> {
  model::Atomic<int> is_spawned{0};
  model::Atomic<int> users{3};
  void leave() {
    if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) counter.reset();
  }
  void thread(unsigned index) {
    if (index == 0) {
      counter->sub();
      wait_for(is_spawned);
      finish_job(0);
    } else if (index == 1) {
      counter->wait();
      leave();
    } else if (index == 2) {
      counter->add();
      counter->sub();
      leave();
    } else {
      counter->add();
      is_spawned.store(1, std::memory_order_release);
      counter->wait();
      expect_payload(0);
      leave();
    }
  }
};

/// The first of two errors is kept, and seen by the waiter.
struct TwoErrors : CounterScenario<TwoErrors, 3, 2> {
  void thread(unsigned index) {
    if (index < 2) {
      counter->word.keep_error(10 + static_cast<int>(index));
      finish_job(static_cast<int>(index));
    } else {
      const int error = counter->wait();
      model::check(error == 10 || error == 11, "the error is not one that was kept");
      model::check(counter->word.unseen_error() == 0, "the error counts as unseen");
      counter.reset();
    }
  }
};

/// Two who find the counter complete look at its error at once. It stays complete meanwhile.
struct TwoReaders : CounterScenario<TwoReaders, 2, 0> {
  void before() { leave_an_error(false); }
  model::Atomic<int> users{2};
  void thread(unsigned) {
    Node node;
    model::check(counter->word.look(node), "the counter is not complete");
    model::check(node.error == 10, "a reader was not thrown the error");
    model::check(counter->word.is_complete(), "the counter does not stay complete");
    if (users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    model::check(counter->word.unseen_error() == 0, "the error counts as unseen");
    counter.reset();
  }
};

/// A new round begins and forgets an error that was seen, while somebody late looks at it.
struct SeenIsForgotten : CounterScenario<SeenIsForgotten, 2, 0> {
  void before() { leave_an_error(true); }
  void thread(unsigned index) {
    if (index == 0) {
      counter->add();
      finish_job(0);
      model::check(counter->wait() == 0, "the error of a round was thrown to the next");
    } else {
      Node node;
      if (!counter->word.look(node)) return;
      model::check(node.error == 10 || node.error == 0, "the error is none that was kept");
      if (node.error == 0) expect_payload(0);
    }
  }
};

/// The same, and the new round fails too: who is late is not thrown the error of a round that has not ended.
struct SeenIsReplaced : CounterScenario<SeenIsReplaced, 2, 0> {
  void before() { leave_an_error(true); }
  void thread(unsigned index) {
    if (index == 0) {
      counter->add();
      counter->word.keep_error(11);
      finish_job(0);
      model::check(counter->wait() == 11, "the error of the last round was thrown instead of this one's");
    } else {
      Node node;
      if (!counter->word.look(node)) return;
      model::check(node.error == 10 || node.error == 11, "the error is none that was kept");
      if (node.error == 11) expect_payload(0);
    }
  }
};

/// An error that nobody has seen outlives the beginning of a round, until one of two has it.
struct UnseenStays : CounterScenario<UnseenStays, 2, 0> {
  int errors[2] = {};
  void before() {
    errors[0] = errors[1] = 0;
    leave_an_error(false);
  }
  void after() {
    model::check(errors[0] == 10 || errors[1] == 10, "an error was dropped in silence");
    model::check(counter->word.unseen_error() == 0, "the error counts as unseen");
    CounterScenario::after();
  }
  void thread(unsigned index) {
    if (index == 0) {
      counter->add();
      counter->sub();
      errors[0] = counter->wait();
    } else {
      Node node;
      if (counter->word.look(node)) errors[1] = node.error;
    }
  }
};

/// The same, but the round ends only after the look: it has the error, or the round has.
struct UnseenIsMovedOn : CounterScenario<UnseenIsMovedOn, 2, 0> {
  void before() { leave_an_error(false); }
  model::Atomic<int> has_looked{0};
  int error_of_reader = 0;
  void thread(unsigned index) {
    if (index == 0) {
      counter->add();
      wait_for(has_looked);
      counter->sub();
      const int error = counter->wait();
      model::check(error + error_of_reader == 10, "the error was thrown to two rounds, or to none");
    } else {
      Node node;
      error_of_reader = counter->word.look(node) ? static_cast<int>(node.error) : 0;
      has_looked.store(1, std::memory_order_release);
    }
  }
};

/// Two threads begin a round after one that has failed; the one that has not begun it fails before the other has forgotten
/// the old error.
struct NewError : CounterScenario<NewError, 2, 0> {
  void before() { leave_an_error(true); }
  void thread(unsigned index) {
    counter->add();
    if (index == 1) counter->word.keep_error(11);
    counter->sub();
    const int error = counter->wait();
    model::check(error == 11 || (index == 0 && error == 0), "the error is not the one of this round");
  }
};

/// A round that has failed ends while two threads add, and one of these fails too. Whoever is in a round of its own has its
/// own error, and the waiter that of its round.
struct FailsWhileOneEnds : CounterScenario<FailsWhileOneEnds, 4, 1> {
  std::unique_ptr<Node> node;
  model::Atomic<int> is_late_job_over{0};
  int error_of_waiter = 0;
  int error_of_late_one = 0;
  bool are_apart = false;  // surely: the waiter was woken before the late job had ended

  void before() {
    CounterScenario::before();
    node = std::make_unique<Node>();
    error_of_waiter = error_of_late_one = 0;
    are_apart = false;
    model::check(counter->word.try_register(*node), "the counter is complete too early");
  }
  void after() {
    model::check(error_of_waiter == 10 || (error_of_waiter == 11 && !are_apart), "the waiter was thrown the error of another round");
    model::check(!are_apart || error_of_late_one == 11, "the error of a round was dropped");
    node.reset();
    CounterScenario::after();
  }
  void thread(unsigned index) {
    if (index == 0) {
      counter->word.keep_error(10);
      counter->sub();
    } else if (index == 1) {
      error_of_waiter = node->sleep();
      are_apart = is_late_job_over.load(std::memory_order_relaxed) == 0;
    } else if (index == 2) {
      counter->add();
      counter->sub();
    } else {
      counter->add();
      counter->word.keep_error(11);
      is_late_job_over.store(1, std::memory_order_relaxed);
      counter->sub();
      error_of_late_one = counter->wait();
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<LastSub>("a waiter against the last sub", {200'000, 4, 1'200'000, 8});
  explorer.run<TwoJobs>("two jobs and a waiter", {200'000, 3, 1'200'000, 5});
  explorer.run<FirstDestroys>("two waiters, the first to go on destroys", {200'000, 2, 1'200'000, 3});
  explorer.run<AskAndDestroy>("a waiter, and one who only asks and destroys", {200'000, 2, 1'200'000, 3});
  explorer.run<Rounds>("a round begins while one ends", {200'000, 2, 1'200'000, 3});
  explorer.run<TwoAdders>("two add while a round ends", {200'000, 1, 1'200'000, 2});
  explorer.run<TwoErrors>("two errors, one kept", {200'000, 2, 1'200'000, 3});
  explorer.run<TwoReaders>("two look at the error of a round that is over", {200'000, 4, 1'200'000, 8});
  explorer.run<SeenIsForgotten>("a round begins while somebody looks at the last error", {200'000, 4, 1'200'000, 8});
  explorer.run<SeenIsReplaced>("a round begins and fails while somebody looks", {200'000, 4, 1'200'000, 8});
  explorer.run<UnseenStays>("an error that nobody has seen stays", {200'000, 4, 1'200'000, 8});
  explorer.run<UnseenIsMovedOn>("an error that nobody has seen goes to one round", {200'000, 4, 1'200'000, 8});
  explorer.run<NewError>("a round fails before the last error is forgotten", {200'000, 4, 1'200'000, 6});
  explorer.run<FailsWhileOneEnds>("a round fails while one ends", {200'000, 1, 1'200'000, 2});
  return explorer.finish();
}
