// Thread-locals that are read on both sides of a suspension in one function, in the shapes in which compilers keep what they should read
// again. It is built several times, as a program and in a shared library, with each kind of optimisation, and so is no part of the program
// of the other unit tests: it brings its own lines of TAP.
//
// weft's own inlined accesses have to be right in every build. What is documented as wrong is only reported: a line says what this compiler
// made of it. What is documented as safe has to hold.
#include "canary.hpp"

#include <weft/weft.hpp>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft::WorkerContext;
namespace this_fiber = weft::this_fiber;

namespace {

// ---- what is really so ----

/// The system's number of the thread, by a system call that no compiler knows.
WEFT_NOINLINE long thread_here() { return ::syscall(SYS_gettid); }

/// Two runtimes with one worker each: to go over to the other one always changes the thread.
class TwoThreads {
 public:
  /// The other runtime's worker than the one of this thread.
  [[nodiscard]] weft::Executor& other() {
    return current_executor() == &rts_[0].executor() ? rts_[1].executor() : rts_[0].executor();
  }
  /// Runs a function on a fiber, to its end.
  template <class F>
  void run(F function) {
    Counter done;
    rts_[0].spawn_fiber(std::move(function), done);
    done.wait();
  }

 private:
  WEFT_NOINLINE static weft::Executor* current_executor() {
    asm volatile("" ::: "memory");
    return weft::detail::read_slot_worker()->executor;
  }

  Runtime rts_[2]{Runtime({.workers = 1}), Runtime({.workers = 1})};
};

/// The worker that a thread has, learnt by a plain job, which stays on its thread, through a function of the library that is not inlined.
WEFT_NOINLINE WorkerContext* worker_here() {
  asm volatile("" ::: "memory");
  return weft::detail::read_slot_worker();
}
WEFT_NOINLINE weft::Fiber* fiber_here() {
  asm volatile("" ::: "memory");
  return weft::detail::read_slot_fiber();
}

/// Compares the inlined reads with what is so. In one function with the suspension, and everything inlined into it.
class Findings {
 public:
  WEFT_ALWAYS_INLINE void compare(const WorkerContext* worker, const weft::Fiber* fiber) {
    compare_outside(worker, fiber, weft::detail::slot_forking_worker(), weft::current_worker_after_call());
  }
  void note_hop(long before) { hops_ += thread_here() != before; }
  void require(bool holds) { wrong_ += !holds; }
  [[nodiscard]] long looks() const { return looks_; }
  [[nodiscard]] long hops() const { return hops_; }
  [[nodiscard]] long wrong() const { return wrong_; }

 private:
  WEFT_NOINLINE void compare_outside(const WorkerContext* worker, const weft::Fiber* fiber, const WorkerContext* forking,
                                     const WorkerContext* after_call) {
    ++looks_;
    if (worker != worker_here() || after_call != worker_here() || fiber != fiber_here() || forking != nullptr) ++wrong_;
    if (fiber != own_ && own_ != nullptr) ++wrong_;
    own_ = fiber_here();
    // The worker of a thread does not change either, so a read that is wrong in the same way on both sides shows here.
    const long thread = thread_here();
    for (const Seen& seen : seen_) {
      if (seen.thread == thread) {
        if (seen.worker != worker || seen.index != worker->index) ++wrong_;
        return;
      }
    }
    seen_.push_back({thread, worker, worker->index});
  }

  struct Seen {
    long thread;
    const WorkerContext* worker;
    unsigned index;
  };
  std::vector<Seen> seen_;
  const weft::Fiber* own_ = nullptr;
  long looks_ = 0, hops_ = 0, wrong_ = 0;
};

constexpr int kHops = 2000;

Task<int> value_of(int value) { co_return value; }
Task<int> sum_of_frames(int a, int b) { co_return co_await value_of(a) + co_await value_of(b); }

// ---- the shapes; each function suspends, and everything that it calls between is inlined into it ----

WEFT_NOINLINE void in_a_straight_line(TwoThreads& threads, Findings& findings) {
  for (int turn = 0; turn < kHops / 4; ++turn) {
    const long thread = thread_here();
    findings.compare(weft::current_worker(), weft::current_fiber());
    this_fiber::await(weft::resume_on(threads.other()));
    findings.compare(weft::current_worker(), weft::current_fiber());
    findings.note_hop(thread);
    this_fiber::await(weft::resume_on(threads.other()));
    findings.compare(weft::current_worker(), weft::current_fiber());
    this_fiber::await(weft::resume_on(threads.other()));
    findings.compare(weft::current_worker(), weft::current_fiber());
  }
}

/// Nothing is called between, so that a compiler might lift the read out of the loop.
WEFT_NOINLINE void in_a_tight_loop(TwoThreads& threads, Findings& findings) {
  weft::Executor* const executors[] = {&threads.other(), weft::current_worker()->executor};
  std::uintptr_t workers[] = {0, 0};
  std::uintptr_t fibers = 0;
  for (int turn = 0; turn < kHops; ++turn) {
    this_fiber::await(weft::resume_on(*executors[turn % 2]));
    workers[turn % 2] |= reinterpret_cast<std::uintptr_t>(weft::current_worker());
    fibers |= reinterpret_cast<std::uintptr_t>(weft::current_fiber());
  }
  const auto last = reinterpret_cast<std::uintptr_t>(worker_here());
  this_fiber::await(weft::resume_on(threads.other()));
  const auto first = reinterpret_cast<std::uintptr_t>(worker_here());
  findings.require(workers[0] == first && workers[1] == last && first != last);
  findings.require(fibers == reinterpret_cast<std::uintptr_t>(fiber_here()));
}

/// The suspension is in one branch, and the reads before and after the place where the branches meet.
WEFT_NOINLINE void across_branches(TwoThreads& threads, Findings& findings) {
  std::uint32_t draw = 1;
  for (int turn = 0; turn < kHops; ++turn) {
    const WorkerContext* const before = weft::current_worker();
    draw = draw * 1664525 + 1013904223;
    const bool hops = (draw >> 24) % 2 == 0;
    if (hops) {
      this_fiber::await(weft::resume_on(threads.other()));
    } else if ((draw >> 25) % 2 == 0) {
      this_fiber::yield();
    }
    const WorkerContext* const after = weft::current_worker();
    findings.require((before != after) == hops);
    findings.compare(after, weft::current_fiber());
    switch ((draw >> 28) % 4) {
      case 0: this_fiber::await(weft::resume_on(threads.other())); [[fallthrough]];
      case 1: findings.compare(weft::current_worker(), weft::current_fiber()); break;
      default: break;
    }
  }
}

/// spawn, spawn_fiber, await and parallel_invoke read the worker themselves, and so does operator new of each coroutine.
WEFT_NOINLINE void with_work_between(TwoThreads& threads, Findings& findings) {
  Counter counter;
  std::atomic<int> ran{0};
  int expected = 0;
  for (int turn = 0; turn < kHops / 4; ++turn) {
    findings.require(this_fiber::await(sum_of_frames(turn, 1)) == turn + 1);
    auto made_before = sum_of_frames(turn, 2);
    this_fiber::await(weft::resume_on(threads.other()));
    auto made_after = sum_of_frames(turn, 3);
    findings.compare(weft::current_worker(), weft::current_fiber());
    // A frame that came from one worker's cache goes into another's.
    findings.require(this_fiber::await(std::move(made_before)) == turn + 2);
    weft::spawn([&ran] { ran.fetch_add(1, std::memory_order_relaxed); }, counter);
    this_fiber::wait(counter);
    findings.compare(weft::current_worker(), weft::current_fiber());
    this_fiber::await(weft::resume_on(threads.other()));
    weft::spawn_fiber([&ran] { ran.fetch_add(1, std::memory_order_relaxed); }, counter);
    this_fiber::wait(counter);
    findings.require(this_fiber::await(std::move(made_after)) == turn + 3);
    const auto [a, b] = weft::parallel_invoke([turn] { return turn; }, [&threads] {
      this_fiber::await(weft::resume_on(threads.other()));
      return 1;
    });
    findings.require(a + b == turn + 1);
    findings.compare(weft::current_worker(), weft::current_fiber());
    expected += 2;
  }
  findings.require(ran.load() == expected);
}

/// Many at once, on workers that steal from each other: a frame cache that two of them take for theirs gives out a block twice.
void frames_on_workers_that_steal(Findings& findings) {
  Runtime rt{{.workers = 4}};
  std::atomic<long> wrong{0};
  Counter done;
  for (int i = 0; i < 32; ++i) {
    rt.spawn_fiber(
        [&wrong, i] {
          for (int turn = 0; turn < kHops / 8; ++turn) {
            auto first = sum_of_frames(i, turn);
            this_fiber::yield();
            auto second = sum_of_frames(turn, turn);
            const bool is_right = weft::current_worker() == worker_here() && weft::current_fiber() == fiber_here();
            this_fiber::yield();
            const int sum = this_fiber::await(std::move(first)) + this_fiber::await(std::move(second));
            if (!is_right || weft::current_worker() != worker_here() || sum != i + 3 * turn) wrong.fetch_add(1);
          }
        },
        done);
  }
  done.wait();
  findings.require(wrong.load() == 0);
}

// ---- what users are told not to do, and what they are told to do ----

thread_local int of_user = 0;

/// Each thread gets a number of its own.
WEFT_NOINLINE int number_of_thread() {
  static std::atomic<int> last{0};
  asm volatile("" ::: "memory");
  if (of_user == 0) of_user = last.fetch_add(1) + 1;
  return of_user;
}
/// The safe idiom: not inlined, and the compiler cannot know that each call of it gives the same.
WEFT_NOINLINE int* address_of_errno() {
  asm volatile("" ::: "memory");
  return &errno;
}
WEFT_NOINLINE int* address_of_variable() {
  asm volatile("" ::: "memory");
  int* address = &of_user;
  asm volatile("" : "+r"(address) : : "memory");
  return address;
}
WEFT_NOINLINE pthread_t self() {
  asm volatile("" ::: "memory");
  return ::pthread_self();
}

struct Kept {
  bool error_number = false, variable = false, address = false, thread = false;
};

/// Reads each of them on both sides of a suspension, directly.
WEFT_NOINLINE Kept read_directly(TwoThreads& threads) {
  static_cast<void>(number_of_thread());
  this_fiber::await(weft::resume_on(threads.other()));
  static_cast<void>(number_of_thread());
  Kept kept;
  const int variable_before = of_user;
  int* const address_before = &of_user;
  int* const errno_before = &errno;
  const pthread_t self_before = ::pthread_self();
  this_fiber::await(weft::resume_on(threads.other()));
  kept.variable = of_user == variable_before;
  kept.address = &of_user == address_before;
  kept.error_number = &errno == errno_before;
  kept.thread = ::pthread_equal(::pthread_self(), self_before) != 0;
  return kept;
}

WEFT_NOINLINE void read_safely(TwoThreads& threads, Findings& findings) {
  for (int turn = 0; turn < kHops / 4; ++turn) {
    const int number = number_of_thread();
    const int* const variable = address_of_variable();
    const int* const error_number = address_of_errno();
    const pthread_t thread = self();
    this_fiber::await(weft::resume_on(threads.other()));
    findings.require(number_of_thread() != number);
    findings.require(address_of_variable() != variable);
    findings.require(address_of_errno() != error_number);
    findings.require(::pthread_equal(self(), thread) == 0);
  }
}

// ---- the lines ----

class Report {
 public:
  void line(const char* name, const Findings& findings) {
    const bool is_good = findings.wrong() == 0;
    if (!is_good) ++failed_;
    std::printf("%s %d - %s\n", is_good ? "ok" : "not ok", ++count_, name);
    if (findings.looks() != 0) std::printf("# %ld looks, %ld wrong\n", findings.looks(), findings.wrong());
    std::fflush(stdout);
  }
  void note(const char* what, bool is_kept) {
    std::printf("# this compiler %s %s over a suspension in one function\n", is_kept ? "keeps" : "does not keep", what);
  }
  [[nodiscard]] int end() const {
    std::printf("1..%d\n", count_);
    return failed_;
  }

 private:
  int count_ = 0;
  int failed_ = 0;
};

}  // namespace

int weft_test::run_canaries() {
  Report report;
  TwoThreads threads;
  const auto on_fiber = [&](const char* name, void (*shape)(TwoThreads&, Findings&)) {
    Findings findings;
    threads.run([&] { shape(threads, findings); });
    report.line(name, findings);
  };
  on_fiber("weft knows its worker and its fiber on both sides of suspensions in a straight line", in_a_straight_line);
  on_fiber("weft knows its worker and its fiber in a loop with nothing but a suspension", in_a_tight_loop);
  on_fiber("weft knows its worker and its fiber where branches with and without a suspension meet", across_branches);
  on_fiber("weft knows its worker where spawns, awaits, forks and new frames are inlined between suspensions", with_work_between);
  {
    Findings findings;
    frames_on_workers_that_steal(findings);
    report.line("frames of fibers that wander come from the cache of the worker that takes them", findings);
  }
  on_fiber("functions that are not inlined and say so to the compiler read the variables of their thread", read_safely);
  Kept kept;
  threads.run([&] { kept = read_directly(threads); });
  report.note("the address of errno", kept.error_number);
  report.note("the value or the address of a thread_local", kept.variable);
  report.note("the address that is taken of a thread_local", kept.address);
  report.note("pthread_self()", kept.thread);
  return report.end();
}
