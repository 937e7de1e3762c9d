// The steps of Counter::sub and Counter::add taken apart: what happens between them, and how others wait meanwhile.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <thread>

namespace {

using Word = weft::BasicCounterWord<weft::CounterWaiter>;

/// An error whose copy takes until the gate opens. Copies are made under the lock.
struct SlowError {
  SlowError() = default;
  explicit SlowError(std::atomic<bool>& opens) : gate(&opens) {}
  SlowError(const SlowError& other) : gate(other.gate) {
    while (gate != nullptr && !gate->load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  SlowError(SlowError&&) = default;
  SlowError& operator=(const SlowError& other) { return *this = SlowError(other); }
  SlowError& operator=(SlowError&&) = default;
  ~SlowError() = default;
  std::atomic<bool>* gate = nullptr;
};

struct SlowNode {
  using Error = SlowError;
  SlowNode* next = nullptr;
  SlowError error;
};

using SlowWord = weft::BasicCounterWord<SlowNode>;

double own_processor_time_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

constexpr double kWaitMs = 300;
constexpr double kFewMs = 60;  // a spinning thread would use all of kWaitMs, or half of it when the machine is busy

/// Runs `waits` in a thread, calls `release` after kWaitMs, and returns the processor time that the thread has used.
template <class Waits, class Release>
double time_used_by(Waits waits, Release release) {
  double used = 0;
  std::thread thread([&] {
    const double before = own_processor_time_ms();
    waits();
    used = own_processor_time_ms() - before;
  });
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(kWaitMs));
  release();
  thread.join();
  return used;
}

/// A word at zero whose lock another thread holds until `release` is called.
class LockedWord {
 public:
  LockedWord() {
    word.keep_error(SlowError(is_open_));
    holder_ = std::thread([this] {
      SlowNode node;
      static_cast<void>(word.look(node));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it copies the error by now; if not, less is shown
  }
  ~LockedWord() { holder_.join(); }
  void release() { is_open_.store(true); }

  SlowWord word{0};

 private:
  std::atomic<bool> is_open_{false};
  std::thread holder_;
};

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

TEST_CASE("an add that waits for the end of the last round leaves the processor to others") {
  Word word(1);
  weft::CounterWaiter waiter;
  REQUIRE(word.try_register(waiter));
  REQUIRE(word.sub(1));
  const double used = time_used_by([&] { word.add(1); }, [&] { static_cast<void>(word.settle()); });
  CHECK(used < kFewMs);
}

TEST_CASE("a job that fails leaves the processor to others while it waits for the lock") {
  LockedWord locked;
  CHECK(time_used_by([&] { locked.word.keep_error(SlowError()); }, [&] { locked.release(); }) < kFewMs);
}

TEST_CASE("a waiter leaves the processor to others while it waits for the lock") {
  LockedWord locked;
  SlowNode node;
  CHECK(time_used_by([&] { static_cast<void>(locked.word.try_register(node)); }, [&] { locked.release(); }) < kFewMs);
}

TEST_CASE("an add that has an error to forget leaves the processor to others while it waits for the lock") {
  LockedWord locked;
  CHECK(time_used_by([&] { locked.word.add(1); }, [&] { locked.release(); }) < kFewMs);
}
