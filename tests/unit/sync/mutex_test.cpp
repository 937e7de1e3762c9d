#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "mutex_parties.hpp"
#include "support/many.hpp"
#include "support/stack_use.hpp"

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Mutex;
using weft::MutexLock;
using weft::Priority;
using weft::Runtime;
using weft::Task;
using weft_test::is_waited_for;
using weft_test::Kind;
using weft_test::name_of;
using weft_test::Parties;
using weft_test::word_of;

namespace {

constinit Mutex global_mutex;

bool is_free(Mutex& mutex) { return mutex.try_lock().owns_lock(); }

Task<> note_turn(Mutex& mutex, std::string& turns, char name) {
  const MutexLock lock = co_await mutex.lock();
  turns += name;
}

/// A coroutine that belongs to nobody: it runs on whatever thread resumes it.
struct Foreign {
  struct promise_type {
    static Foreign get_return_object() noexcept { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() { std::terminate(); }
  };
};

Foreign lock_off_any_worker(Mutex& mutex, std::thread::id& went_on) {
  const MutexLock lock = co_await mutex.lock();
  went_on = std::this_thread::get_id();
}

}  // namespace

TEST_CASE("whoever waits gets the mutex from whoever unlocks it, after what that one did") {
  const auto unlocker = GENERATE(Kind::Coroutine, Kind::Fiber, Kind::Thread);
  const auto waiter = GENERATE(Kind::Coroutine, Kind::Fiber, Kind::Thread);
  INFO("a " << name_of(waiter) << " waits for a " << name_of(unlocker));
  Parties parties;
  Mutex& mutex = parties.mutex;
  std::atomic<bool> is_held{false};
  std::string turns;
  parties.begin(unlocker, {.enter = [&is_held] { is_held.store(true); },
                           .stays = [&mutex] { return !is_waited_for(mutex); },
                           .leave = [&turns] { turns += "unlocker "; }});
  while (!is_held.load()) std::this_thread::yield();
  parties.begin(waiter, {.enter = [&turns] { turns += "waiter"; }});
  parties.join();
  CHECK(turns == "unlocker waiter");
  CHECK(is_free(mutex));
}

TEST_CASE("coroutines, fibers and threads get the mutex in the order in which they came") {
  Parties parties;
  std::vector<int> turns;
  MutexLock lock = parties.mutex.try_lock();
  constexpr Kind kKinds[] = {Kind::Coroutine, Kind::Fiber,     Kind::Thread, Kind::Thread, Kind::Coroutine,
                             Kind::Fiber,     Kind::Coroutine, Kind::Fiber,  Kind::Thread};
  std::vector<int> expected;
  for (const Kind kind : kKinds) {
    const auto number = static_cast<int>(expected.size());
    expected.push_back(number);
    parties.begin_to_wait(kind, {.enter = [&turns, number] { turns.push_back(number); }});
  }
  CHECK(turns.empty());
  lock.unlock();
  parties.join();
  CHECK(turns == expected);
}

TEST_CASE("who comes while others wait in the queue waits behind them") {
  Runtime rt{{.workers = 1}};
  rt.run([]() -> Task<> {
    Mutex mutex;
    Counter done;
    std::string turns;
    MutexLock lock = co_await mutex.lock();
    for (char name = 'a'; name <= 'c'; ++name) {
      const auto before = word_of(mutex);
      weft::spawn(note_turn(mutex, turns, name), done);
      while (word_of(mutex) == before) co_await weft::yield();
    }
    lock.unlock();                 // to a; b and c are in the queue
    lock = co_await mutex.lock();  // the fourth
    turns += 'd';
    lock.unlock();
    co_await done;
    CHECK(turns == "abcd");
  });
}

TEST_CASE("many who wait take their turns in bounded stack") {
  constexpr int kMany = weft_test::kSanitized ? 5'000 : 50'000;
  weft_test::StackUse stack;
  int come = 0;
  int turns = 0;
  const auto takes_turn = [&](Mutex& mutex) -> Task<> {
    ++come;
    const MutexLock lock = co_await mutex.lock();
    stack.note();
    ++turns;
  };
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  Counter done;
  rt.run([&]() -> Task<> {
    const MutexLock lock = co_await mutex.lock();
    for (int i = 0; i < kMany; ++i) weft::spawn(takes_turn(mutex), done);
    while (come != kMany) co_await weft::yield();
    CHECK(turns == 0);
  });
  done.wait();
  CHECK(turns == kMany);
  CHECK(stack.excursion() < weft_test::kBoundedStack);
}

TEST_CASE("a free mutex is locked without a suspension") {
  Mutex mutex;
  bool has_ended = false;
  const auto locks = [](Mutex& to_lock, bool& ended) -> Foreign {
    const MutexLock lock = co_await to_lock.lock();
    ended = true;
  };
  locks(mutex, has_ended);
  CHECK(has_ended);
  CHECK(is_free(mutex));
}

TEST_CASE("try_lock gives a lock that holds the mutex if it was free, and an empty one if not") {
  Mutex mutex;
  const MutexLock lock = mutex.try_lock();
  CHECK(lock.owns_lock());
  CHECK(lock);
  const MutexLock other = mutex.try_lock();
  CHECK_FALSE(other.owns_lock());
  CHECK_FALSE(other);
}

TEST_CASE("try_lock works on a worker too, where nothing may block") {
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  CHECK(rt.run([&mutex] { return mutex.try_lock().owns_lock(); }));
}

TEST_CASE("from the unlock on the mutex is the waiter's, before it has run: nobody comes in between") {
  Runtime rt{{.workers = 1}};
  rt.run([]() -> Task<> {
    Mutex mutex;
    Counter done;
    std::string turns;
    MutexLock lock = co_await mutex.lock();
    weft::spawn(note_turn(mutex, turns, 'w'), done);
    while (!is_waited_for(mutex)) co_await weft::yield();
    lock.unlock();
    CHECK(turns.empty());  // there is one worker, and this task is on it
    CHECK_FALSE(mutex.try_lock());
    lock = co_await mutex.lock();
    turns += 'u';
    lock.unlock();
    co_await done;
    CHECK(turns == "wu");
  });
}

TEST_CASE("a lock ends with its scope, or before that when it is unlocked") {
  Mutex mutex;
  {
    MutexLock lock = mutex.lock_blocking();
    CHECK_FALSE(is_free(mutex));
    lock.unlock();
    CHECK_FALSE(lock.owns_lock());
    CHECK(is_free(mutex));
    lock = mutex.lock_blocking();
    CHECK_FALSE(is_free(mutex));
  }
  CHECK(is_free(mutex));
}

TEST_CASE("a lock that is moved takes the mutex with it") {
  Mutex mutex;
  MutexLock first = mutex.try_lock();
  MutexLock second = std::move(first);
  CHECK_FALSE(first.owns_lock());
  CHECK(second.owns_lock());
  MutexLock third;
  CHECK_FALSE(third.owns_lock());
  third = std::move(second);
  CHECK(third.owns_lock());
  MutexLock& same = third;
  third = std::move(same);
  CHECK(third.owns_lock());
  CHECK_FALSE(is_free(mutex));
  third = MutexLock();
  CHECK(is_free(mutex));
}

TEST_CASE("a lock that is assigned another one unlocks what it held") {
  Mutex first;
  Mutex second;
  MutexLock lock = first.try_lock();
  lock = second.try_lock();
  CHECK(is_free(first));
  CHECK_FALSE(is_free(second));
}

TEST_CASE("a mutex is unlocked on another thread than the one that has locked it") {
  Mutex mutex;
  std::thread([lock = mutex.lock_blocking()]() mutable { lock.unlock(); }).join();
  CHECK(is_free(mutex));
}

TEST_CASE("an exception that leaves the section unlocks the mutex") {
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  const auto fails = [](Mutex& held) -> Task<> {
    const MutexLock lock = co_await held.lock();
    co_await weft::yield();
    throw std::runtime_error("inside");
  };
  CHECK_THROWS_WITH(rt.run(fails(mutex)), "inside");
  CHECK(is_free(mutex));
  const auto fails_on_fiber = [&mutex] {
    const MutexLock lock = mutex.lock_blocking();
    weft::this_fiber::yield();
    throw std::runtime_error("inside");
  };
  CHECK_THROWS_WITH(rt.run(weft::on_fiber(fails_on_fiber)), "inside");
  CHECK(is_free(mutex));
}

TEST_CASE("a coroutine that waited goes on at the executor and the priority that it had") {
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  MutexLock lock = mutex.try_lock();
  std::optional<Priority> went_on_at;
  weft::Executor* executor_before = nullptr;
  weft::Executor* executor_after = nullptr;
  const auto waits = [&]() -> Task<> {
    executor_before = weft::current_worker()->executor;
    const MutexLock mine = co_await mutex.lock();
    executor_after = weft::current_worker()->executor;
    went_on_at = weft::current_worker()->priority;
  };
  Counter done;
  rt.spawn(waits(), done, {.priority = Priority::High});
  while (!is_waited_for(mutex)) std::this_thread::yield();
  lock.unlock();
  done.wait();
  CHECK(executor_before == executor_after);
  CHECK(went_on_at == Priority::High);
}

TEST_CASE("a coroutine in sync_wait waits for a thread") {
  Mutex mutex;
  std::thread holder([&mutex, lock = mutex.try_lock()]() mutable {
    while (!is_waited_for(mutex)) std::this_thread::yield();
    lock.unlock();
  });
  const auto waits = [](Mutex& held) -> Task<bool> {
    const MutexLock lock = co_await held.lock();
    co_return lock.owns_lock();
  };
  CHECK(weft::sync_wait(waits(mutex)));
  holder.join();
}

TEST_CASE("a coroutine that was on no worker goes on inside the unlock, on its thread") {
  Mutex mutex;
  MutexLock lock = mutex.try_lock();
  std::thread::id went_on;
  lock_off_any_worker(mutex, went_on);
  CHECK(went_on == std::thread::id());
  lock.unlock();
  CHECK(went_on == std::this_thread::get_id());
  CHECK(is_free(mutex));
}

TEST_CASE("a stop request does not end the waiting") {
  Runtime rt{{.workers = 1}};
  Mutex mutex;
  MutexLock lock = mutex.try_lock();
  std::stop_source source;
  bool has_locked = false;
  const auto waits = [&]() -> Task<> {
    const MutexLock mine = co_await mutex.lock();
    has_locked = true;
  };
  Counter done;
  rt.spawn(waits(), done, {.stop = source.get_token()});
  while (!is_waited_for(mutex)) std::this_thread::yield();
  source.request_stop();
  CHECK_FALSE(done.is_complete());
  lock.unlock();
  done.wait();
  CHECK(has_locked);
}

TEST_CASE("a mutex of static storage is ready before any code runs") { CHECK(is_free(global_mutex)); }

TEST_CASE("who is handed the mutex may destroy it, while the one that unlocked it is on its way out") {
  Runtime rt{{.workers = 2}};
  rt.run([]() -> Task<> {
    for (int round = 0; round < 1000; ++round) {
      auto mutex = std::make_unique<Mutex>();
      MutexLock lock = co_await mutex->lock();
      Counter done;
      weft::spawn(
          [&mutex]() -> Task<> {
            MutexLock mine = co_await mutex->lock();
            mine.unlock();
            mutex.reset();
          },
          done);
      if (round % 2 == 0) {
        while (!is_waited_for(*mutex)) co_await weft::yield();
      }
      lock.unlock();
      co_await done;
    }
  });
}
