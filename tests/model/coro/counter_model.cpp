/// @file
/// The word of a Counter under relacy: a waiter against the last sub, rounds, errors, and destruction by whoever goes on.
/// States and proof: lib/coro/README.md, "the counter".
#include <memory>

#include "support/explore.hpp"

#include <weft/coro/counter_word.hpp>

namespace {

struct Node {
  model::Plain<Node*> next{nullptr};
  model::Atomic<std::uint32_t> woken{0};
};

/// As weft::Counter builds on the word.
struct Counter {
  weft::BasicCounterWord<Node, model::ModelAtomics> word;
  model::Plain<int> error{0};

  explicit Counter(std::uint32_t initial) : word(initial) {}

  void sub(std::uint32_t n = 1) {
    if (const std::uint32_t owed = word.sub(n)) wake_all(word.finish(owed));
  }

  static void wake_all(Node* first) {
    while (first != nullptr) {
      Node* const next = first->next;  // before the wake (L5)
      first->woken.store(1, std::memory_order_release);
      first = next;
    }
  }

  /// @return  whether the caller has slept
  bool wait() {
    Node node;
    if (word.is_complete() || !word.try_register(node)) return false;
    // ---- the counter may be gone (L4) ----
    while (node.woken.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
    return true;
  }

  void fail(int code) {
    word.keep_error([&] { error = code; });
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
    counter.reset();
  }

  void finish_job(int which) {
    payload[which] = 1 + which;
    counter->sub();
  }
  void expect_payload(int which) {
    model::check(payload[which] == 1 + which, "a waiter went on before the job had ended");
  }
};

/// The waiter destroys the counter as soon as it goes on.
struct LastSub : CounterScenario<LastSub, 2, 1> {
  void thread(unsigned index) {
    if (index == 0) {
      finish_job(0);
    } else {
      counter->wait();
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

/// Both waiters go on; the last of them destroys the counter.
struct TwoWaiters : CounterScenario<TwoWaiters, 3, 1> {
  model::Atomic<int> users{2};
  void thread(unsigned index) {
    if (index == 0) {
      finish_job(0);
    } else {
      counter->wait();
      expect_payload(0);
      if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) counter.reset();
    }
  }
};

/// One thread waits; another only asks, and destroys the counter once it is complete (C3).
struct AskAndDestroy : CounterScenario<AskAndDestroy, 3, 1> {
  model::Atomic<int> is_registered{0};
  void thread(unsigned index) {
    if (index == 0) {
      finish_job(0);
    } else if (index == 1) {
      Node node;
      const bool must_wait = counter->word.try_register(node);
      is_registered.store(1, std::memory_order_release);
      while (must_wait && node.woken.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
      expect_payload(0);
    } else {
      while (is_registered.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
      while (!counter->word.is_complete()) model::ModelAtomics::spin_pause();
      expect_payload(0);
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
      while (is_spawned.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
      finish_job(1);
    } else if (index == 1) {
      counter->wait();
    } else {
      counter->word.add(1);
      is_spawned.store(1, std::memory_order_release);
      counter->wait();
      expect_payload(1);
    }
  }
};

/// Two threads, neither of which holds a count, add while a round ends; each then waits for what it added.
struct TwoAdders : CounterScenario<TwoAdders, 4, 1> {
  model::Atomic<int> is_spawned{0};
  void thread(unsigned index) {
    if (index == 0) {
      counter->sub();
      while (is_spawned.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
      finish_job(0);
    } else if (index == 1) {
      counter->wait();
    } else if (index == 2) {
      counter->word.add(1);
      counter->sub();
    } else {
      counter->word.add(1);
      is_spawned.store(1, std::memory_order_release);
      counter->wait();
      expect_payload(0);
    }
  }
};

/// The first of two errors is kept, and seen by the waiter.
struct TwoErrors : CounterScenario<TwoErrors, 3, 2> {
  void thread(unsigned index) {
    if (index < 2) {
      counter->fail(10 + static_cast<int>(index));
      finish_job(static_cast<int>(index));
    } else {
      counter->wait();
      model::check(counter->word.has_error(), "the error was lost");
      const int error = counter->error;
      model::check(error == 10 || error == 11, "the error is not one that was kept");
      counter->word.mark_error_seen();
      model::check(!counter->word.has_unseen_error(), "the error counts as unseen");
      counter.reset();
    }
  }
};

/// A waiter registers while an error is being kept: both want the lock.
struct ErrorAndWaiters : CounterScenario<ErrorAndWaiters, 3, 1> {
  model::Atomic<int> users{2};
  void thread(unsigned index) {
    if (index == 0) {
      counter->fail(10);
      finish_job(0);
    } else {
      counter->wait();
      model::check(counter->error == 10, "the error was lost");
      if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) counter.reset();
    }
  }
};

/// The bit alone is enough to read the error.
struct ErrorSeenEarly : CounterScenario<ErrorSeenEarly, 2, 1> {
  void thread(unsigned index) {
    if (index == 0) {
      counter->fail(10);
      finish_job(0);
    } else if (counter->word.has_error()) {
      model::check(counter->error == 10, "the error is not there yet");
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<LastSub>("a waiter against the last sub", {200'000, 4, 1'200'000, 8});
  explorer.run<TwoJobs>("two jobs and a waiter", {200'000, 3, 1'200'000, 5});
  explorer.run<TwoWaiters>("two waiters", {200'000, 2, 1'200'000, 3});
  explorer.run<AskAndDestroy>("a waiter, and one who only asks and destroys", {200'000, 2, 1'200'000, 3});
  explorer.run<Rounds>("a round begins while one ends", {200'000, 1, 1'200'000, 2});
  explorer.run<TwoAdders>("two add while a round ends", {200'000, 1, 1'200'000, 1});
  explorer.run<TwoErrors>("two errors, one kept", {200'000, 2, 1'200'000, 3});
  explorer.run<ErrorAndWaiters>("an error is kept while waiters register", {200'000, 1, 1'200'000, 2});
  explorer.run<ErrorSeenEarly>("an error is seen before zero", {200'000, 4, 1'200'000, 8});
  return explorer.finish();
}
