// Coroutines, fibers and threads wait for each of them, by each primitive; the wake-up comes before, while and after they suspend.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/seeded_random.hpp"
#include "support/waiting.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

using weft::Counter;
using weft::Event;
using weft::Mutex;
using weft::MutexLock;
using weft::Runtime;
using weft::Task;
using weft_test::is_waited_for;
using weft_test::Kind;
using weft_test::name_of;
namespace this_fiber = weft::this_fiber;

namespace {

enum class Timing { Before, Meanwhile, After };

const char* name_of(Timing timing) {
  constexpr const char* kNames[] = {"before", "while", "after"};
  return kNames[static_cast<int>(timing)];
}

constexpr int kRounds = weft_test::kSanitized ? 20 : 40;

/// What a task is suspended on until somebody resumes it by hand, and so runs the rest of it where they are.
class Handoff {
 public:
  [[nodiscard]] bool is_waiting() const { return waiting_.load() != nullptr; }
  void resume() { std::coroutine_handle<>::from_address(waiting_.exchange(nullptr)).resume(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiting_.store(awaiting.address()); }
  void await_resume() const noexcept {}

 private:
  std::atomic<void*> waiting_{nullptr};
};

// ---- the primitives: a new one in each round; who waits makes it, and destroys it as soon as the wait is over ----

class OfCounter {
 public:
  static constexpr bool kForThreads = true;

  void make(Runtime&) { counter_.emplace(1u); }
  [[nodiscard]] bool can_wake() const { return true; }
  [[nodiscard]] bool is_waiting() const { return is_waited_for(*counter_); }
  void wake() { counter_->sub(); }
  void wait_blocking() { counter_->wait(); }
  Task<> wait() { co_await *counter_; }
  void destroy() { counter_.reset(); }

 private:
  std::optional<Counter> counter_;
};

class OfMutex {
 public:
  static constexpr bool kForThreads = true;

  void make(Runtime&) { held_ = mutex_.emplace().try_lock(); }
  [[nodiscard]] bool can_wake() const { return true; }
  [[nodiscard]] bool is_waiting() const { return is_waited_for(*mutex_); }
  void wake() { MutexLock(std::move(held_)).unlock(); }
  void wait_blocking() { mutex_->lock_blocking().unlock(); }
  Task<> wait() {
    MutexLock lock = co_await mutex_->lock();
    lock.unlock();
  }
  void destroy() { mutex_.reset(); }

 private:
  std::optional<Mutex> mutex_;
  MutexLock held_;
};

class OfEvent {
 public:
  static constexpr bool kForThreads = true;

  void make(Runtime&) { event_.emplace(); }
  [[nodiscard]] bool can_wake() const { return true; }
  [[nodiscard]] bool is_waiting() const { return is_waited_for(*event_); }
  void wake() { event_->set(); }
  void wait_blocking() { event_->wait(); }
  Task<> wait() { co_await *event_; }
  void destroy() { event_.reset(); }

 private:
  std::optional<Event> event_;
};

class OfJoinHandle {
 public:
  static constexpr bool kForThreads = true;

  void make(Runtime& rt) {
    const auto work = [](Handoff& handoff) -> Task<int> {
      co_await handoff;
      co_return 7;
    };
    handle_ = rt.spawn(work(handoff_));
    static_assert(sizeof(handle_) == sizeof(State), "a JoinHandle is the pointer to what it shares with the work");
    done_ = &reinterpret_cast<State&>(handle_)->done;
  }
  [[nodiscard]] bool can_wake() const { return handoff_.is_waiting(); }
  [[nodiscard]] bool is_waiting() const { return is_waited_for(*done_); }
  void wake() { handoff_.resume(); }
  void wait_blocking() { check(handle_.wait()); }
  Task<> wait() { check(co_await std::move(handle_)); }
  void destroy() { handle_ = {}; }

 private:
  using State = std::shared_ptr<weft::detail::JoinState<int>>;

  static void check(int result) {
    if (result != 7) std::abort();
  }

  Handoff handoff_;
  weft::JoinHandle<int> handle_;
  Counter* done_ = nullptr;
};

/// The parent of a group is on a worker, so no thread waits here.
class OfTaskGroup {
 public:
  static constexpr bool kForThreads = false;

  void make(Runtime&) {
    const auto work = [](Handoff& handoff) -> Task<> { co_await handoff; };
    group_.emplace().spawn(work(handoff_));
  }
  [[nodiscard]] bool can_wake() const { return handoff_.is_waiting(); }
  [[nodiscard]] bool is_waiting() const { return is_waited_for(weft::detail::GroupAccess::children(const_cast<weft::TaskGroup&>(*group_))); }
  void wake() { handoff_.resume(); }
  void wait_blocking() { this_fiber::await(group_->join()); }
  Task<> wait() { return group_->join(); }
  void destroy() { group_.reset(); }

 private:
  Handoff handoff_;
  std::optional<weft::TaskGroup> group_;
};

/// Somebody who waits and somebody who wakes, round after round.
template <class Primitive>
class Rounds {
 public:
  Rounds(Kind waiter, Kind waker, Timing timing) : timing_(timing), random_(static_cast<std::uint64_t>(timing)) {
    begin(waiter, &Rounds::wait_in_coroutine, &Rounds::wait_blocking);
    begin(waker, &Rounds::wake_in_coroutine, &Rounds::wake_blocking);
  }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;
  ~Rounds() { join(); }

  void join() {
    done_.wait();
    for (std::optional<std::thread>& thread : threads_) {
      if (thread && thread->joinable()) thread->join();
    }
  }
  /// Rounds in which the waiter did not see what the waker had done. After join().
  [[nodiscard]] int too_early() const { return too_early_; }
  /// Rounds that came to their end. After join().
  [[nodiscard]] int count() const { return ended_.load(); }

 private:
  using InCoroutine = Task<> (Rounds::*)();
  using Blocking = void (Rounds::*)(void (*)());

  void begin(Kind kind, InCoroutine in_coroutine, Blocking blocking) {
    switch (kind) {
      case Kind::Coroutine: rt_.spawn((this->*in_coroutine)(), done_); break;
      case Kind::Fiber: rt_.spawn_fiber([this, blocking] { (this->*blocking)([] { this_fiber::yield(); }); }, done_); break;
      case Kind::Thread:
        threads_[threads_[0] ? 1 : 0].emplace([this, blocking] { (this->*blocking)([] { std::this_thread::yield(); }); });
        break;
    }
  }

  void begin_round(int round) {
    primitive_.make(rt_);
    made_.store(round);
  }
  [[nodiscard]] bool may_begin_to_wait(int round) const { return timing_ != Timing::Before || woken_.load() == round; }
  void end_round(int round) {
    if (payload_ != round) ++too_early_;
    primitive_.destroy();
    ended_.store(round);
  }

  Task<> wait_in_coroutine() {
    for (int round = 1; round <= kRounds; ++round) {
      begin_round(round);
      while (!may_begin_to_wait(round)) co_await weft::yield();
      co_await primitive_.wait();
      end_round(round);
      while (woken_.load() != round) co_await weft::yield();
    }
  }
  void wait_blocking(void (*yield)()) {
    for (int round = 1; round <= kRounds; ++round) {
      begin_round(round);
      while (!may_begin_to_wait(round)) yield();
      primitive_.wait_blocking();
      end_round(round);
      while (woken_.load() != round) yield();
    }
  }

  [[nodiscard]] bool may_wake(int round) const {
    return made_.load() == round && primitive_.can_wake() && (timing_ != Timing::After || primitive_.is_waiting());
  }
  void wake(int round) {
    if (timing_ == Timing::Meanwhile) {
      for (std::uint64_t pause = random_.below(200); pause != 0; --pause) static_cast<void>(made_.load());
    }
    payload_ = round;
    primitive_.wake();
    woken_.store(round);
  }

  Task<> wake_in_coroutine() {
    for (int round = 1; round <= kRounds; ++round) {
      while (!may_wake(round)) co_await weft::yield();
      wake(round);
    }
  }
  void wake_blocking(void (*yield)()) {
    for (int round = 1; round <= kRounds; ++round) {
      while (!may_wake(round)) yield();
      wake(round);
    }
  }

  const Timing timing_;
  weft_test::SeededRandom random_;  // the waker's
  Primitive primitive_;
  std::atomic<int> made_{0}, woken_{0}, ended_{0};
  int payload_ = 0;  // written by the waker before it wakes
  int too_early_ = 0;
  Runtime rt_{{.workers = 2}};
  Counter done_;
  std::optional<std::thread> threads_[2];
};

}  // namespace

TEMPLATE_TEST_CASE("each kind of waiter is woken by each kind of waker, before, while and after it suspends", "", OfCounter, OfMutex, OfEvent,
                   OfJoinHandle, OfTaskGroup) {
  const auto waiter = GENERATE(Kind::Coroutine, Kind::Fiber, Kind::Thread);
  const auto waker = GENERATE(Kind::Coroutine, Kind::Fiber, Kind::Thread);
  const auto timing = GENERATE(Timing::Before, Timing::Meanwhile, Timing::After);
  if (waiter == Kind::Thread && !TestType::kForThreads) return;
  INFO("a " << name_of(waiter) << " is woken by a " << name_of(waker) << " " << name_of(timing) << " it suspends");
  Rounds<TestType> rounds(waiter, waker, timing);
  rounds.join();
  CHECK(rounds.count() == kRounds);
  CHECK(rounds.too_early() == 0);
}
