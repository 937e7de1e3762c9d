/// @file
/// The idle protocol under relacy: no wake-up is lost, seats change hands cleanly, everybody stops.
/// States and proof: lib/sched/README.md.
#include <optional>

#include "sched/idle_scenario.hpp"

namespace {

using namespace model_idle;

/// Two producers outside, two sleepers; each job says that it runs before it waits for the other, so both sleepers have to be woken.
template <bool kHint, bool kPatient = true>
struct TwoByTwo : IdleScenario<TwoByTwo<kHint, kPatient>, 4, 2, 2> {
  static constexpr bool kAlwaysHint = kHint;
  static constexpr bool kIsPatient = kPatient;
  Event started[2];

  void thread(unsigned index) {
    if (index < 2) {
      this->pool->inject(this->jobs[index]);
    } else {
      this->pool->run(index - 2, [this](Work& work) {
        const int self = &work == &this->jobs[0] ? 0 : 1;
        started[self].set();
        started[1 - self].wait();
        this->execute(work);
      });
    }
  }
};

/// The owner is inside a long job that waits for what it has pushed; the other worker is running dry.
template <bool kPatient>
struct BusyOwner : IdleScenario<BusyOwner<kPatient>, 2, 2, 2> {
  static constexpr unsigned kBusy = 2;
  static constexpr bool kIsPatient = kPatient;
  void thread(unsigned index) { index == 0 ? this->push_and_wait() : this->run_on(1); }
};

/// There is one worker, which runs dry without a membarrier while work comes from outside, and another is added, which pushes without a fence and
/// waits for what it has pushed.
template <bool kPatient>
struct OnlySeat : IdleScenario<OnlySeat<kPatient>, 3, 2, 2> {
  static constexpr unsigned kBusy = 1;
  static constexpr int kGuests = 1;
  static constexpr unsigned kSpare = 1;
  static constexpr bool kIsPatient = kPatient;

  void before() {
    IdleScenario<OnlySeat, 3, 2, 2>::before();
    this->pool->has_light_half = false;
  }
  void thread(unsigned index) {
    if (index == 0) this->run_on(0);
    if (index == 1) this->pool->inject(this->jobs[0]);
    if (index == 2) {
      add_seat();
      this->pool->push(1, this->jobs[1]);
      this->jobs[1].done.wait();
      this->end_one();
    }
  }

 private:
  /// Pool::has_seats(), and a guest who takes the seat.
  void add_seat() {
    Idle& idle = this->pool->idle;
    this->pool->seat_count.store(2, std::memory_order_release);
    static_cast<void>(idle.allow(1));
    idle.revive_for_guest(1);
  }
};

/// A guest takes the seat of a worker that is about to sleep, and leaves it, while work comes from outside. The monitor does the same, with
/// the seat of a certain worker, to trim it.
template <bool kIsMonitor>
struct Guest : IdleScenario<Guest<kIsMonitor>, 3, 1, 1> {
  static constexpr unsigned kBusy = 1;
  static constexpr int kGuests = 1;
  void thread(unsigned index) {
    if (index == 0) this->run_on(0);
    if (index == 1) this->pool->inject(this->jobs[0]);
    if (index == 2) this->visit(claim(), true);
  }

 private:
  std::optional<unsigned> claim() {
    Idle& idle = this->pool->idle;
    if (!kIsMonitor) return idle.claim_for_guest();
    return idle.try_claim_for_guest(0) ? std::optional(0U) : std::nullopt;
  }
};

/// A guest takes the seat of a worker that has its last look, and stays until the job has run that the worker has seen: another is woken for it.
struct GuestWaits : IdleScenario<GuestWaits, 4, 2, 1> {
  static constexpr unsigned kBusy = 1;
  static constexpr int kGuests = 1;
  void thread(unsigned index) {
    if (index == 0) run_on(0);
    if (index == 1) pool->run(1, executor());
    if (index == 2) pool->inject(jobs[0]);
    if (index == 3) {
      const auto seat = pool->idle.claim_for_guest();
      if (seat) jobs[0].done.wait();
      visit(seat, true);
    }
  }
};

/// The guest's root is still running elsewhere when the guest runs dry: the seat's own thread goes on in its place.
struct GuestLeavesWork : IdleScenario<GuestLeavesWork, 3, 2, 2> {
  static constexpr unsigned kBusy = 1;
  static constexpr int kGuests = 1;
  void thread(unsigned index) {
    if (index == 0) push_and_wait();
    if (index == 1) pool->run(1, executor());
    if (index == 2) {
      const auto seat = pool->idle.claim_for_guest();
      model::check(seat != 0U, "the guest has the seat of a busy worker");
      visit(seat, false);
    }
  }
};

/// One of three workers gets no thread; pushers that relied on it are served by another sleeper.
struct NoThread : IdleScenario<NoThread, 3, 3, 2> {
  static constexpr unsigned kBusy = 2;
  void before() {
    IdleScenario::before();
    pool->startable = 2;
  }
  void thread(unsigned index) {
    if (index == 0) {
      pool->push(0, jobs[0]);
      jobs[1].done.wait();
    } else if (index == 1) {
      run_on(1);
    } else {
      pool->inject(jobs[1]);
    }
  }
};

/// One worker may be awake, and is blocked until a second job has run: another is allowed in its place, and rests afterwards. What the first
/// leaves on its deque is not lost.
struct Blocked : IdleScenario<Blocked, 3, 2, 3> {
  model::Atomic<int> running{0};
  model::Atomic<int> most{1};

  void before() {
    IdleScenario::before();
    static_cast<void>(pool->idle.allow(-1));
    jobs[0].needs = &jobs[1];
  }
  void thread(unsigned index) {
    if (index == 2) {
      pool->inject(jobs[0]);
      pool->inject(jobs[1]);
      most.store(2, std::memory_order_seq_cst);
      weft::allow_another(pool->idle, host(0));
      return;
    }
    pool->run(index, [this, index](Work& work) {
      const int at_once = running.fetch_add(1, std::memory_order_seq_cst) + 1;
      model::check(at_once <= most.load(std::memory_order_seq_cst), "more run than may be awake");
      if (&work == &jobs[0]) {
        jobs[1].done.wait();
        static_cast<void>(pool->idle.allow(-1));  // it is back
        pool->push(index, jobs[2]);
      }
      running.fetch_sub(1, std::memory_order_seq_cst);
      execute(work);
    });
  }
};

/// A worker is woken for what was sent to it although another searches; whichever of the two is first, both jobs run.
struct BesideSearcher : IdleScenario<BesideSearcher, 3, 2, 2> {
  static constexpr unsigned kBusy = 1;
  void thread(unsigned index) {
    if (index == 0) {
      run_on(0);
    } else if (index == 1) {
      pool->run(1, executor());
    } else {
      pool->inject_for(1, jobs[0]);
      pool->inject_for(1, jobs[1]);
    }
  }
};

/// A sleeper is taken out of the pool while it has its last look, and work comes: the other worker is woken for it.
struct Removed : IdleScenario<Removed, 4, 2, 1> {
  static constexpr unsigned kBusy = 1;
  void thread(unsigned index) {
    if (index == 0) {
      run_on(0);
    } else if (index == 1) {
      pool->run(1, executor());
    } else if (index == 2) {
      pool->inject(jobs[0]);
    } else if (pool->idle.try_remove_sleeper(0)) {
      pool->must_end[0].store(true, std::memory_order_release);
      pool->parkers[0].unpark();
    }
  }
};

/// Nothing to do: the pool stops while one worker goes to sleep and another is woken for nothing.
struct Stop : IdleScenario<Stop, 3, 2, 0> {
  static constexpr unsigned kBusy = 1;
  void thread(unsigned index) {
    if (index == 0) {
      run_on(0);
    } else if (index == 1) {
      pool->run(1, executor());
    } else {
      pool->wake_one();
      pool->stop();
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<TwoByTwo<false>>("two producers, two sleepers", {200'000, 0, 1'500'000, 1});
  explorer.run<TwoByTwo<true>>("two producers, two sleepers, no membarrier", {100'000, 0, 1'500'000, 1});
  explorer.run<TwoByTwo<false, false>>("two producers, two impatient sleepers", {100'000, 0, 1'500'000, 1});
  explorer.run<BusyOwner<true>>("a busy owner pushes while the other runs dry", {100'000, 1, 1'500'000, 2});
  explorer.run<BusyOwner<false>>("a busy owner pushes while the other, impatient, runs dry", {100'000, 1, 1'500'000, 2});
  explorer.run<OnlySeat<true>>("the only worker runs dry while another is added", {100'000, 1, 1'500'000, 1});
  explorer.run<OnlySeat<false>>("the only worker, impatient, runs dry while another is added", {100'000, 1, 1'500'000, 2});
  explorer.run<Guest<false>>("a guest in the seat of a worker about to sleep", {100'000, 2, 1'500'000, 2});
  explorer.run<Guest<true>>("the monitor in the seat of a worker about to sleep", {100'000, 2, 1'500'000, 2});
  explorer.run<GuestWaits>("a guest stays in the seat of a worker that has seen work", {100'000, 1, 1'500'000, 1});
  explorer.run<GuestLeavesWork>("a guest leaves its seat to the thread", {100'000, 1, 1'500'000, 1});
  explorer.run<NoThread>("a worker gets no thread", {100'000, 1, 1'500'000, 1});
  explorer.run<Blocked>("another is awake while one is blocked, and rests", {100'000, 0, 1'500'000, 1});
  explorer.run<BesideSearcher>("one is woken beside a searcher", {100'000, 1, 1'500'000, 1});
  explorer.run<Removed>("a sleeper is removed in its last look", {100'000, 1, 1'500'000, 1});
  explorer.run<Stop>("stop while one falls asleep and one is woken", {100'000, 1, 1'500'000, 2});
  return explorer.finish();
}
