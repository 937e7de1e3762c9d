/// @file
/// Timers in the idle protocol under relacy: whoever sleeps wakes by itself when one is due, and none is forgotten in a seat that changes hands.
/// States and proof: lib/sched/README.md, "timers". A timer is due here as soon as it is armed: later is as if the steps in between came first.
#include "sched/idle_scenario.hpp"

namespace {

using namespace model_idle;

/// A worker with a timer falls asleep while work comes from outside, for which it or another is woken.
struct FallsAsleep : IdleScenario<FallsAsleep, 3, 2, 2> {
  static constexpr unsigned kBusy = 1;
  void thread(unsigned index) {
    if (index == 0) {
      pool->arm(0, jobs[0]);
      run_asleep(0);
    }
    if (index == 1) pool->run(1, executor());
    if (index == 2) pool->inject(jobs[1]);
  }

 private:
  /// As a worker that has run dry before the timer was due.
  void run_asleep(unsigned worker) { pool->run_on(worker, weft::wait_for_work(pool->idle, worker, host(worker)), executor()); }
};

/// A guest arms a timer in the seat of a worker that falls asleep, or has fallen asleep, without one, and leaves.
struct Guest : IdleScenario<Guest, 3, 1, 2> {
  static constexpr unsigned kBusy = 1;
  static constexpr int kGuests = 1;
  void thread(unsigned index) {
    if (index == 0) run_on(0);
    if (index == 1) pool->inject(jobs[1]);
    if (index == 2) {
      const auto seat = pool->idle.claim_for_guest();
      if (seat) {
        pool->arm(*seat, jobs[0]);
      } else {
        pool->inject(jobs[0]);
      }
      visit(seat, true);
    }
  }
};

/// A guest has the seat of a worker whose thread sleeps until a timer is due, which comes meanwhile; the guest arms another.
struct GuestBesideTimer : IdleScenario<GuestBesideTimer, 2, 1, 2> {
  static constexpr int kGuests = 1;
  void before() {
    IdleScenario::before();
    pool->arm(0, jobs[0]);
    model::check(pool->idle.claim_for_guest() == 0U, "the guest was expected to have the seat");
  }
  void thread(unsigned index) {
    if (index == 0) {
      constexpr bool kIsAsleep = true;
      pool->run_on(0, weft::wait_for_work(pool->idle, 0U, host(0), kIsAsleep), executor());
    } else {
      // It runs what it finds: what the timer was for, if it looks at that itself, or if the seat's thread has left it to others.
      if (Work* const due = pool->take_timer(0)) execute(*due);
      pool->arm(0, jobs[1]);
      if (Work* const left_to_others = pool->find_work(0)) execute(*left_to_others);
      visit(0U, true);
    }
  }
};

/// A worker with a timer leaves because its tier is closed: the other does what the timer is for, and it does not come back for it.
struct TierCloses : IdleScenario<TierCloses, 3, 2, 2> {
  struct SecondFirst {
    static bool is_any() { return false; }
    unsigned operator()(unsigned worker) const { return worker == 1 ? 0 : 1; }
  };

  void before() {
    IdleScenario::before();
    model::check(pool->idle.claim_sleeper(SecondFirst{}) == 1U, "the second worker was expected to be next");
    static_cast<void>(pool->idle.stop_searching());
  }
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) {
      jobs[1].input = 1;
      pool->arm(1, jobs[0]);
      pool->run_on(1, &jobs[1], [this](Work& work) {
        model::check(&work == &jobs[1], "a worker runs although its tier is closed");
        closed.wait();
        execute(work);
      });
    }
    if (index == 2) {
      weft::open_workers(pool->idle, host(0), 1);
      closed.set();
    }
  }

 private:
  Event closed;
};

/// A guest leaves a timer in a seat whose tier has been closed meanwhile: nobody sleeps on it who would look, so the watcher does.
struct GuestInClosedTier : IdleScenario<GuestInClosedTier, 3, 2, 1> {
  static constexpr int kGuests = 1;
  struct SecondFirst : TierCloses::SecondFirst {};

  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) {
      const auto seat = pool->idle.claim_for_guest(SecondFirst{});
      if (seat) {
        pool->arm(*seat, jobs[0]);
      } else {
        pool->inject(jobs[0]);
      }
      visit(seat, true);
    }
    if (index == 2) weft::open_workers(pool->idle, host(0), 1);
  }
  void before() {
    IdleScenario::before();
    pool->startable = 1;
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<FallsAsleep>("a worker with a timer falls asleep while work comes", {100'000, 1, 1'500'000, 2});
  explorer.run<Guest>("a guest leaves a timer in the seat of a worker that falls asleep", {100'000, 1, 1'500'000, 2});
  explorer.run<GuestBesideTimer>("a guest has the seat while a timer of it is due", {100'000, 2, 1'500'000, 2});
  explorer.run<TierCloses>("a worker with a timer leaves a closed tier", {100'000, 1, 1'500'000, 1});
  explorer.run<GuestInClosedTier>("a guest leaves a timer in a closed tier", {100'000, 1, 1'500'000, 1});
  return explorer.finish();
}
