/// @file
/// The word of a Mutex under relacy: who holds it, in which order it is handed over, and destruction by whoever unlocks last.
/// States and proof: lib/sync/README.md, "the mutex".
#include <memory>

#include "support/explore.hpp"
#include "support/mortal_atomic.hpp"
#include "support/sleeper.hpp"

#include <weft/sync/mutex_word.hpp>

namespace {

/// As weft::Mutex builds on the word.
struct Mutex {
  weft::BasicMutexWord<model::Sleeper, model::MortalAtomics> word;

  void lock() {
    model::Sleeper self;
    if (!word.try_lock() && !word.lock_or_enter(self)) self.sleep();
  }
  /// Sets the flag when it is certain to be the next after those who came before.
  void lock_and_tell(model::Atomic<int>& has_come) {
    model::Sleeper self;
    const bool is_holder = word.try_lock() || word.lock_or_enter(self);
    has_come.store(1, std::memory_order_release);
    if (!is_holder) self.sleep();
  }
  void unlock() {
    model::Sleeper* const next = word.unlock();
    // ---- the mutex may be gone ----
    if (next != nullptr) next->wake();
  }
};

/// Each thread is a user until it has left; the last one destroys the mutex.
template <class Derived, int kThreads, bool kHeldFirst = false>
struct MutexScenario : rl::test_suite<Derived, kThreads> {
  std::unique_ptr<Mutex> mutex;
  // ---- guarded by the mutex ----
  model::Plain<int> users{0};
  model::Plain<int> turns{0};

  void before() {
    mutex = std::make_unique<Mutex>();
    users = kThreads;
    turns = 0;
    if (kHeldFirst) model::check(mutex->word.try_lock(), "a new mutex is not free");
  }
  void after() { model::check(mutex == nullptr, "nobody has destroyed the mutex"); }

  /// Unlocks for the last time.
  void leave() {
    users = users - 1;
    const bool is_last = users == 0;
    mutex->unlock();
    // ---- unless this was the last user, the mutex may be gone ----
    if (!is_last) return;
    model::check(mutex->word.is_free(), "the mutex is not free when all have left");
    mutex.reset();
  }
  template <class T>
  static void wait_for(const model::Atomic<T>& flag) {
    while (flag.load(std::memory_order_acquire) == 0) model::ModelAtomics::spin_pause();
  }
};

/// Some threads take turns. Nothing but the mutex orders them.
template <int kThreads, int kRounds>
struct Turns : MutexScenario<Turns<kThreads, kRounds>, kThreads> {
  void thread(unsigned) {
    for (int round = 1;; ++round) {
      this->mutex->lock();
      this->turns = this->turns + 1;
      if (round == kRounds) break;
      this->mutex->unlock();
    }
    if (this->users == 1) model::check(this->turns == kThreads * kRounds, "a turn was lost");
    this->leave();
  }
};

/// The first thread holds the mutex; the others come one after another, and get it in this order, whenever it is unlocked.
template <int kThreads>
struct InOrder : MutexScenario<InOrder<kThreads>, kThreads, true> {
  model::Atomic<int> has_come[kThreads];

  void thread(unsigned index) {
    if (index > 0) {
      if (index > 1) this->wait_for(has_come[index - 1]);
      this->mutex->lock_and_tell(has_come[index]);
    }
    model::check(this->turns == static_cast<int>(index), "somebody was overtaken");
    this->turns = this->turns + 1;
    this->leave();
  }
};

/// Who tries does not get the mutex before one who waits.
struct NoBarging : MutexScenario<NoBarging, 3, true> {
  model::Atomic<int> has_come{0};

  void thread(unsigned index) {
    if (index == 1) mutex->lock_and_tell(has_come);
    if (index == 2) {
      wait_for(has_come);
      if (!mutex->word.try_lock()) mutex->lock();
      model::check(turns == 2, "a waiter was overtaken");
    }
    turns = turns + 1;
    leave();
  }
};

/// A coroutine waits: one thread suspends it, another goes on with it, and destroys the mutex if it is the last.
struct Suspended : MutexScenario<Suspended, 3, true> {
  enum { kWoken = 1, kHasNotSuspended = 2 };
  model::Sleeper coroutine;

  void before() {
    MutexScenario::before();
    users = 2;  // whoever holds the mutex, and the coroutine
  }
  void thread(unsigned index) {
    if (index == 0) {
      leave();
    } else if (index == 1) {
      const bool is_holder = mutex->word.try_lock() || mutex->word.lock_or_enter(coroutine);
      // ---- if not, the mutex may be gone ----
      if (!is_holder) return;
      leave();
      coroutine.woken.store(kHasNotSuspended, std::memory_order_release);
    } else {
      wait_for(coroutine.woken);
      if (coroutine.woken.load(std::memory_order_relaxed) == kWoken) leave();
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<Turns<2, 1>>("two threads", {200'000, 8, 1'200'000, 12});
  explorer.run<Turns<2, 3>>("two threads, three times", {200'000, 4, 1'200'000, 6});
  explorer.run<Turns<3, 1>>("three threads", {200'000, 4, 1'200'000, 5});
  explorer.run<Turns<3, 2>>("three threads, twice", {200'000, 2, 1'200'000, 4});
  explorer.run<InOrder<3>>("two wait, one behind the other", {200'000, 3, 1'200'000, 4});
  explorer.run<InOrder<4>>("three wait, one behind the other", {200'000, 1, 1'200'000, 2});
  explorer.run<NoBarging>("one waits, another tries", {200'000, 3, 1'200'000, 4});
  explorer.run<Suspended>("a coroutine waits", {200'000, 4, 1'200'000, 6});
  return explorer.finish();
}
