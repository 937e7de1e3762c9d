#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Mutex;
using weft::MutexLock;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::StressClock;
using weft_test::Watchdog;

namespace {

/// What a mutex guards. Nothing here is atomic.
struct Guarded {
  Mutex mutex;
  long turns = 0;
  bool is_busy = false;
  bool was_shared = false;

  void begin_turn() {
    was_shared |= std::exchange(is_busy, true);
    ++turns;
  }
  void end_turn() { is_busy = false; }
};

/// What somebody does with its turns, drawn from the seed.
class Habits {
 public:
  explicit Habits(std::uint64_t stream) : random_(stream) {}

  [[nodiscard]] bool tries() { return random_.one_in(4); }
  [[nodiscard]] bool lets_others_run() { return random_.one_in(8); }
  [[nodiscard]] bool pauses() { return random_.one_in(8); }

 private:
  SeededRandom random_;
};

Task<> take_turns(Guarded& guarded, int turns, Habits habits) {
  for (int i = 0; i < turns; ++i) {
    MutexLock lock;
    if (habits.tries()) lock = guarded.mutex.try_lock();
    if (!lock) lock = co_await guarded.mutex.lock();
    guarded.begin_turn();
    if (habits.lets_others_run()) co_await weft::yield();
    guarded.end_turn();
    lock.unlock();
    if (habits.pauses()) co_await weft::yield();
  }
}

template <class Yield>
void block_for_turns(Guarded& guarded, int turns, Habits habits, Yield yield) {
  for (int i = 0; i < turns; ++i) {
    MutexLock lock;
    if (habits.tries()) lock = guarded.mutex.try_lock();
    if (!lock) lock = guarded.mutex.lock_blocking();
    guarded.begin_turn();
    if (habits.lets_others_run()) yield();
    guarded.end_turn();
    lock.unlock();
    if (habits.pauses()) yield();
  }
}

/// Unlocks for the last time, and destroys what it guards if nobody else is left.
void leave(std::unique_ptr<Guarded>& guarded, MutexLock lock, int& users) {
  guarded->end_turn();
  const bool is_last = --users == 0;
  lock.unlock();
  if (is_last) guarded.reset();
}

Task<> use_once(std::unique_ptr<Guarded>& guarded, int& users) {
  MutexLock lock = co_await guarded->mutex.lock();
  guarded->begin_turn();
  leave(guarded, std::move(lock), users);
}

void block_once(std::unique_ptr<Guarded>& guarded, int& users) {
  MutexLock lock = guarded->mutex.lock_blocking();
  guarded->begin_turn();
  leave(guarded, std::move(lock), users);
}

}  // namespace

TEST_CASE("coroutines, fibers and threads take turns, and no turn is lost or shared") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  SeededRandom random(workers);
  Runtime rt{{.workers = workers}};
  Watchdog watchdog("turns", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    Guarded guarded;
    Counter done;
    std::vector<std::thread> threads;
    long expected = 0;
    const auto parties = 2 + random.below(10);
    for (std::uint64_t i = 0; i < parties; ++i) {
      const int turns = 1 + static_cast<int>(random.below(200));
      const Habits habits(random());
      expected += turns;
      switch (random.below(3)) {
        case 0: rt.spawn(take_turns(guarded, turns, habits), done); break;
        case 1:
          rt.spawn_fiber([&guarded, turns, habits] { block_for_turns(guarded, turns, habits, [] { weft::this_fiber::yield(); }); }, done);
          break;
        default:
          threads.emplace_back([&guarded, turns, habits] { block_for_turns(guarded, turns, habits, [] { std::this_thread::yield(); }); });
      }
    }
    done.wait();
    for (std::thread& thread : threads) thread.join();
    REQUIRE(guarded.turns == expected);
    REQUIRE_FALSE(guarded.was_shared);
    watchdog.progress();
  }
}

TEST_CASE("the last of many users destroys the mutex, while others are on their way out") {
  SeededRandom random(5);
  Runtime rt{{.workers = 2}};
  Watchdog watchdog("short-lived mutexes", std::chrono::seconds(60));
  const StressClock clock;
  while (!clock.is_over()) {
    constexpr int kMutexes = 50;
    Counter done;
    std::vector<std::thread> threads;
    std::vector<std::unique_ptr<Guarded>> mutexes(kMutexes);
    std::vector<int> users(kMutexes);
    for (std::size_t i = 0; i < kMutexes; ++i) {
      auto& guarded = mutexes[i] = std::make_unique<Guarded>();
      int& left = users[i] = 2 + static_cast<int>(random.below(3));
      MutexLock lock;
      if (random.one_in(2)) lock = guarded->mutex.try_lock();  // then they find it held, and wait
      const int all = left - (lock.owns_lock() ? 1 : 0);
      for (int user = 0; user < all; ++user) {
        switch (random.below(random.one_in(8) ? 3 : 2)) {
          case 0: rt.spawn(use_once(guarded, left), done); break;
          case 1: rt.spawn_fiber([&guarded, &left] { block_once(guarded, left); }, done); break;
          default: threads.emplace_back([&guarded, &left] { block_once(guarded, left); });
        }
      }
      if (lock) leave(guarded, std::move(lock), left);
    }
    done.wait();
    for (std::thread& thread : threads) thread.join();
    for (const auto& guarded : mutexes) REQUIRE(guarded == nullptr);
    watchdog.progress();
  }
}
