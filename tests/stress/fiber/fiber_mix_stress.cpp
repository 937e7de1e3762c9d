// Fibers that do everything they can, in an order drawn from the seed, and check after each suspension that what is theirs has stayed.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/describe_workers.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "support/thread_here.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Mutex;
using weft::MutexLock;
using weft::Runtime;
using weft::Task;
using weft_test::get_errno;
using weft_test::SeededRandom;
using weft_test::set_errno;
using weft_test::StressClock;
using weft_test::thread_here;
using weft_test::Watchdog;
namespace this_fiber = weft::this_fiber;

namespace {

enum Step { kYield, kMutex, kTryMutex, kCounter, kEarlier, kTask, kFork, kHandler, kUnwinding, kNested, kHandOver, kSteps };
constexpr const char* kNames[kSteps] = {"yields",   "locks",      "tried locks", "counters",    "waits for others", "tasks",
                                        "forks",    "handlers",   "unwindings",  "fibers within", "hand-overs"};

/// What is guarded by a mutex, and by nothing else.
struct Guarded {
  Mutex mutex;
  long sum = 0;
  bool is_busy = false;
};

/// What the fibers of one runtime share, and what they did.
struct Shared {
  std::array<Guarded, 4> guarded;
  std::atomic<long> sum{0}, sections{0};
  std::array<std::atomic<long>, kSteps> steps{};
  std::atomic<long> suspensions{0}, migrations{0};
  std::atomic<long> wrong_locals{0}, wrong_errno{0}, wrong_exceptions{0}, shared_sections{0};

  [[nodiscard]] std::string description() const {
    std::string text = std::to_string(suspensions.load()) + " checks after a suspension, " + std::to_string(migrations.load()) + " on another thread";
    for (std::size_t i = 0; i < kSteps; ++i) text += ", " + std::to_string(steps[i].load()) + " " + kNames[i];
    return text;
  }
};

struct Failed : std::runtime_error {
  explicit Failed(std::uint64_t mark_of) : std::runtime_error("on purpose"), mark(mark_of) {}
  std::uint64_t mark;
};

Task<long> value_after_yields(long value, std::uint64_t yields) {
  for (std::uint64_t i = 0; i < yields; ++i) co_await weft::yield();
  co_return value;
}

long fork_sum(Shared& shared, std::uint64_t shape, int depth) {
  if (depth == 0 || shape % 5 == 0) {
    if (shape % 3 == 0) this_fiber::yield();
    if (shape % 7 == 0) {
      Counter counter;
      weft::spawn([] {}, counter);
      counter.wait();
    }
    return 1;
  }
  const auto [a, b] = weft::parallel_invoke([&] { return fork_sum(shared, shape * 5 + 1, depth - 1); },
                                            [&] { return fork_sum(shared, shape * 7 + 2, depth - 1); });
  return a + b;
}
long serial_sum(std::uint64_t shape, int depth) {
  if (depth == 0 || shape % 5 == 0) return 1;
  return serial_sum(shape * 5 + 1, depth - 1) + serial_sum(shape * 7 + 2, depth - 1);
}

/// One fiber, and what it expects to find.
class Actor {
 public:
  /// @param earlier  of fibers that were spawned before, to wait for
  Actor(Shared& shared, std::uint64_t stream, std::deque<Counter>& ends, std::size_t number)
      : shared_(shared), random_(stream), ends_(ends), number_(number), errno_(1 + static_cast<int>(random_.below(120))) {}

  /// Returns what it has added to the sum.
  long run(std::uint64_t steps) {
    set_errno(errno_);
    for (std::uint64_t i = 0; i < steps; ++i) take_step(2);
    return added_;
  }

 private:
  /// Values on the stack that nobody else may change.
  class Locals {
   public:
    explicit Locals(SeededRandom& random) {
      for (std::uint64_t& word : words_) word = random();
      copy_ = words_;
    }
    [[nodiscard]] bool are_right() const { return std::memcmp(words_.data(), copy_.data(), sizeof(words_)) == 0; }

   private:
    std::array<std::uint64_t, 6> words_{}, copy_{};
  };

  void look(const Locals& locals, long thread_before) {
    shared_.suspensions.fetch_add(1, std::memory_order_relaxed);
    if (thread_here() != thread_before) shared_.migrations.fetch_add(1, std::memory_order_relaxed);
    if (!locals.are_right()) shared_.wrong_locals.fetch_add(1);
    if (get_errno() != errno_) shared_.wrong_errno.fetch_add(1);
    if (std::uncaught_exceptions() != under_way_ || !is_handling_what_it_should()) shared_.wrong_exceptions.fetch_add(1);
  }

  [[nodiscard]] bool is_handling_what_it_should() const {
    if (handled_.empty()) return std::current_exception() == nullptr;
    try {
      throw;
    } catch (const Failed& failed) {
      return failed.mark == handled_.back();
    } catch (...) {
      return false;
    }
  }

  void add(long value) {
    added_ += value;
    shared_.sum.fetch_add(value, std::memory_order_relaxed);
  }

  void take_step(int depth) {
    const Locals locals(random_);
    const long thread = thread_here();
    // The last of them take further steps inside.
    const auto step = static_cast<Step>(random_.below(depth > 0 ? std::uint64_t{kSteps} : std::uint64_t{kHandler}));
    shared_.steps[step].fetch_add(1, std::memory_order_relaxed);
    switch (step) {
      case kYield: this_fiber::yield(); break;
      case kMutex: section(true); break;
      case kTryMutex: section(false); break;
      case kCounter: count(); break;
      case kEarlier:
        if (number_ != 0) ends_[random_.below(number_)].wait();
        break;
      case kTask: add(this_fiber::await(value_after_yields(3, random_.below(3)))); break;
      case kFork: fork(); break;
      case kHandler: handle(depth); break;
      case kUnwinding: unwind(depth); break;
      case kNested: nest(); break;
      case kHandOver: hand_over(); break;
      case kSteps: break;
    }
    look(locals, thread);
  }

  void section(bool waits) {
    Guarded& guarded = shared_.guarded[random_.below(shared_.guarded.size())];
    MutexLock lock = waits ? guarded.mutex.lock_blocking() : guarded.mutex.try_lock();
    if (!lock) return;
    if (std::exchange(guarded.is_busy, true)) shared_.shared_sections.fetch_add(1);
    guarded.sum += 2;
    shared_.sections.fetch_add(1, std::memory_order_relaxed);
    if (random_.one_in(4)) this_fiber::yield();
    guarded.is_busy = false;
    lock.unlock();
    add(2);
  }

  void count() {
    Counter counter;
    const std::uint64_t jobs = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < jobs; ++i) {
      const auto job = [&sum = shared_.sum] { sum.fetch_add(1, std::memory_order_relaxed); };
      if (random_.one_in(3)) {
        weft::spawn_fiber(
            [job] {
              this_fiber::yield();
              job();
            },
            counter, {.stack_size = random_.one_in(2) ? std::size_t{32} << 10 : 0});
      } else {
        weft::spawn(job, counter);
      }
    }
    counter.wait();
    added_ += static_cast<long>(jobs);
  }

  void fork() {
    const std::uint64_t shape = random_();
    constexpr int kDepth = 4;
    const long sum = fork_sum(shared_, shape, kDepth);
    if (sum != serial_sum(shape, kDepth)) shared_.wrong_locals.fetch_add(1);
    add(sum);
  }

  /// Further steps inside a handler, which then throws the same exception again, or another one.
  void handle(int depth) {
    const std::uint64_t mark = random_();
    bool is_caught = false;
    try {
      try {
        throw Failed(mark);
      } catch (const Failed&) {
        handled_.push_back(mark);
        take_step(depth - 1);
        const bool throws_another = random_.one_in(2);
        if (throws_another) {
          handled_.pop_back();
          throw Failed(mark + 1);
        }
        handled_.pop_back();
        throw;
      }
    } catch (const Failed& failed) {
      is_caught = failed.mark == mark || failed.mark == mark + 1;
    }
    if (!is_caught) shared_.wrong_exceptions.fetch_add(1);
  }

  /// A destructor takes steps while an exception is under way.
  void unwind(int depth) {
    struct Unwound {
      Actor& actor;
      int depth;
      ~Unwound() {
        ++actor.under_way_;
        try {
          actor.take_step(depth - 1);
        } catch (...) {
          std::abort();
        }
        --actor.under_way_;
      }
    };
    const std::uint64_t mark = random_();
    bool is_caught = false;
    try {
      const Unwound unwound{*this, depth};
      throw Failed(mark);
    } catch (const Failed& failed) {
      is_caught = failed.mark == mark;
    }
    if (!is_caught) shared_.wrong_exceptions.fetch_add(1);
  }

  void nest() {
    // The one within adds to the shared sum by itself.
    added_ += this_fiber::await(weft::on_fiber([this] { return Actor(shared_, random_(), ends_, number_).run(1 + random_.below(2)); }));
  }

  /// To a job that wakes it when it has gone to sleep, or before.
  void hand_over() {
    Counter counter(1);
    weft::spawn_detached([&counter] { counter.sub(); });
    if (random_.one_in(2)) this_fiber::yield();
    counter.wait();
  }

  Shared& shared_;
  SeededRandom random_;
  std::deque<Counter>& ends_;
  const std::size_t number_;
  const int errno_;
  int under_way_ = 0;
  std::vector<std::uint64_t> handled_;
  long added_ = 0;
};

}  // namespace

TEST_CASE("fibers that wait, fork, fail and wander find what is theirs after each suspension, and no work is lost") {
  const unsigned workers = GENERATE(2u, 4u, 8u);
  SeededRandom random(workers);
  Runtime rt{{.workers = workers}};
  Shared shared;
  Watchdog watchdog("fibers that do everything", std::chrono::seconds(60), [&rt] { return weft_test::describe_workers(rt); });
  constexpr double kSoak = 10;  // ten minutes for the three of them
  const StressClock clock(kSoak);
  long expected = 0, rounds = 0, fibers = 0;
  while (!clock.is_over()) {
    const std::size_t actors = 1 + random.below(60);
    std::deque<Counter> ends;
    std::vector<long> added(actors);
    for (std::size_t i = 0; i < actors; ++i) ends.emplace_back();
    for (std::size_t i = 0; i < actors; ++i) {
      rt.spawn_fiber(
          [&shared, &ends, &added, i, stream = random(), steps = 1 + random.below(30)] { added[i] = Actor(shared, stream, ends, i).run(steps); },
          ends[i], {.stack_size = std::size_t{128} << 10});
    }
    for (Counter& end : ends) end.wait();
    for (const long one : added) expected += one;
    REQUIRE(shared.sum.load() == expected);
    fibers += static_cast<long>(actors);
    ++rounds;
    watchdog.progress();
  }
  long guarded = 0;
  for (const Guarded& one : shared.guarded) guarded += one.sum;
  std::fprintf(stderr, "%u workers: %ld rounds, %ld fibers, %llu steals; %s\n", workers, rounds, fibers,
               static_cast<unsigned long long>(rt.stats().total().steals), shared.description().c_str());
  CHECK(guarded == 2 * shared.sections.load());
  CHECK(shared.wrong_locals.load() == 0);
  CHECK(shared.wrong_errno.load() == 0);
  CHECK(shared.wrong_exceptions.load() == 0);
  CHECK(shared.shared_sections.load() == 0);
}
