// The steps of Counter::sub and Counter::add taken apart: what happens between them, and how others wait meanwhile.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>
#include <type_traits>

namespace {

using Word = weft::BasicCounterWord<weft::CounterWaiter>;

/// Pauses of this thread, each of which first does what another thread would do meanwhile.
struct Pauses {
  static inline thread_local unsigned count = 0;
  static inline thread_local std::function<void(unsigned)> meanwhile;

  void pause() {
    ++count;
    meanwhile(count);
  }
};

struct WatchedBackoff : weft::HardwareAtomics {
  using Backoff = Pauses;
};

/// An error whose first copy goes on only when it is told to. Copies are made under the counter's lock.
struct HeldError {
  struct Gate {
    std::atomic<bool> is_reached{false};
    std::atomic<bool> is_open{false};
  };

  HeldError() = default;
  explicit HeldError(Gate& held_at) : gate(&held_at) {}
  HeldError(const HeldError& other) : gate(other.gate) {
    if (gate == nullptr) return;
    gate->is_reached.store(true);
    gate->is_reached.notify_all();
    gate->is_open.wait(false);
  }
  HeldError(HeldError&&) = default;
  HeldError& operator=(const HeldError& other) { return *this = HeldError(other); }
  HeldError& operator=(HeldError&&) = default;
  ~HeldError() = default;
  Gate* gate = nullptr;
};

struct HeldNode {
  using Error = HeldError;
  HeldNode* next = nullptr;
  HeldError error;
};

/// A word at zero whose lock another thread holds until release().
class LockedWord {
 public:
  using Word = weft::BasicCounterWord<HeldNode, WatchedBackoff>;

  LockedWord() {
    word.keep_error(HeldError(gate_));
    holder_ = std::thread([this] {
      HeldNode node;
      static_cast<void>(word.look(node));
    });
    gate_.is_reached.wait(false);
  }
  LockedWord(const LockedWord&) = delete;
  LockedWord& operator=(const LockedWord&) = delete;
  ~LockedWord() { holder_.join(); }

  void release() {
    gate_.is_open.store(true);
    gate_.is_open.notify_all();
  }

  Word word{0};

 private:
  HeldError::Gate gate_;
  std::thread holder_;
};

constexpr unsigned kLooks = 5;  // at the word, before the other thread makes its step

/// How often `waits` pauses when the other thread makes its step, `release`, at the pause number kLooks.
template <class Waits, class Release>
unsigned pauses_of(Waits waits, Release release) {
  Pauses::count = 0;
  Pauses::meanwhile = [&release](unsigned count) {
    if (count == kLooks) release();
  };
  waits();
  Pauses::meanwhile = nullptr;
  return Pauses::count;
}

}  // namespace

TEST_CASE("between zero and the end of the round the counter is neither complete nor zero") {
  Word word(1);
  weft::CounterWaiter waiter;
  REQUIRE(word.try_register(waiter));
  REQUIRE(word.sub(1));
  CHECK_FALSE(word.is_complete());
  CHECK(word.value() == 1);
  CHECK(word.settle() == &waiter);
  CHECK(word.is_complete());
  CHECK(word.value() == 0);
}

TEST_CASE("who begins to wait between zero and the end of the round is woken by that end") {
  Word word(1);
  weft::CounterWaiter early;
  weft::CounterWaiter late;
  REQUIRE(word.try_register(early));
  REQUIRE(word.sub(1));
  REQUIRE(word.try_register(late));
  CHECK(word.settle() == &early);
  CHECK(early.next == &late);
  CHECK(word.is_complete());
}

TEST_CASE("who adds before the round has ended joins it, and its waiters are woken by the next zero") {
  Word word(1);
  weft::CounterWaiter early;
  REQUIRE(word.try_register(early));
  REQUIRE(word.sub(1));
  // Two add: the first may have to wait until the sub is through, the second finds a count and does not.
  std::atomic<bool> is_registered{false};
  weft::CounterWaiter late;
  std::thread first([&] { word.add(2); });
  std::thread second([&] {
    while (word.value() != 2) std::this_thread::yield();
    word.add(1);
    is_registered.store(word.try_register(late));
  });
  while (!is_registered.load()) std::this_thread::yield();
  const weft::CounterWaiter* const woken = word.settle();
  first.join();
  second.join();
  CHECK(woken == nullptr);
  REQUIRE_FALSE(word.sub(2));
  REQUIRE(word.sub(1));
  CHECK(word.settle() == &early);
  CHECK(early.next == &late);
  CHECK(late.next == nullptr);
}

TEST_CASE("an error of whoever adds before the round has ended is dropped only if the round keeps another") {
  Word word(1);
  weft::CounterWaiter waiter;
  REQUIRE(word.try_register(waiter));
  REQUIRE(word.sub(1));
  std::thread late([&] { word.add(2); });
  while (word.value() != 2) std::this_thread::yield();
  word.add(1);
  word.keep_error(std::make_exception_ptr(std::runtime_error("late")));
  CHECK(word.settle() == nullptr);
  late.join();
  REQUIRE(word.sub(3));
  CHECK(word.settle() == &waiter);
  CHECK_THROWS_WITH(waiter.rethrow(), "late");
}

TEST_CASE("adding nothing and subtracting nothing change nothing, at any time") {
  Word word(1);
  weft::CounterWaiter waiter;
  REQUIRE(word.try_register(waiter));
  REQUIRE(word.sub(1));
  word.add(0);
  CHECK_FALSE(word.sub(0));
  CHECK(word.settle() == &waiter);
  word.keep_error(std::make_exception_ptr(std::runtime_error("stays")));
  weft::CounterWaiter reader;
  CHECK(word.look(reader));
  word.add(0);
  CHECK_FALSE(word.sub(0));
  weft::CounterWaiter second_reader;
  CHECK(word.look(second_reader));
  CHECK_THROWS_WITH(second_reader.rethrow(), "stays");
}

TEST_CASE("an add that waits for the end of the last round backs off between two looks") {
  weft::BasicCounterWord<weft::CounterWaiter, WatchedBackoff> word(1);
  weft::CounterWaiter waiter;
  REQUIRE(word.try_register(waiter));
  REQUIRE(word.sub(1));
  CHECK(pauses_of([&] { word.add(1); }, [&] { static_cast<void>(word.settle()); }) == kLooks);
}

// The holder needs some time from its release to the end of its lock, hence "at least".

TEST_CASE("a job that fails backs off while it waits for the lock") {
  LockedWord locked;
  CHECK(pauses_of([&] { locked.word.keep_error(HeldError()); }, [&] { locked.release(); }) >= kLooks);
}

TEST_CASE("a waiter backs off while it waits for the lock") {
  LockedWord locked;
  HeldNode node;
  CHECK(pauses_of([&] { static_cast<void>(locked.word.try_register(node)); }, [&] { locked.release(); }) >= kLooks);
}

TEST_CASE("an add that has an error to forget backs off while it waits for the lock") {
  LockedWord locked;
  CHECK(pauses_of([&] { locked.word.add(1); }, [&] { locked.release(); }) >= kLooks);
}

TEST_CASE("who backs off for long leaves the processor to everybody, whatever their priority") {
  static_assert(std::is_same_v<weft::HardwareAtomics::Backoff, weft::Backoff>);
  constexpr unsigned kBeforeTheFirstSleep = weft::Backoff::kPauses + weft::Backoff::kYields;
  constexpr int kSleeps = 20;
  constexpr std::chrono::microseconds kShortestSleep{50};  // as base/backoff.hpp says
  const auto switches = [] {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
  };
  weft::Backoff backoff;
  for (unsigned i = 0; i < kBeforeTheFirstSleep; ++i) backoff.pause();
  const long before = switches();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kSleeps; ++i) backoff.pause();
  CHECK(std::chrono::steady_clock::now() - began >= kSleeps * kShortestSleep);  // each of them lasts, whoever else runs
  // And it is a voluntary switch, unless its time is over before the thread has gone to sleep; a yield is none.
  CHECK(switches() >= before + kSleeps / 2);
}
