/// @file
/// The idle protocol under relacy: no wake-up is lost, seats change hands cleanly, everybody stops.
/// States and proof: lib/sched/README.md.
///
/// The protocol, the parker, the injector and the deque are the shipped ones. What stands here for the pool is the glue
/// between them: which queues a worker looks into, and how a pusher reads the hint. membarrier is modelled by what it gives, a seq_cst
/// fence on both sides of the asymmetric pair.
#include <array>
#include <memory>
#include <optional>

#include "support/explore.hpp"

#include "base/parker.hpp"
#include "queue/injector.hpp"
#include "sched/idle.hpp"
#include <weft/queue/deque.hpp>

namespace {

using Policy = model::ModelAtomics;
using Idle = weft::BasicIdle<Policy>;
using Parker = weft::BasicParker<Policy>;
using Injector = weft::BasicInjector<Policy>;
using Deque = weft::BasicDeque<weft::Job, Policy>;

/// A flag that threads wait for without spinning, so that a wait for ever is a deadlock that relacy reports.
class Event {
 public:
  void set() {
    state_.store(1, std::memory_order_release);
    state_.futex_wake(8);
  }
  void wait() {
    while (state_.load(std::memory_order_acquire) == 0) state_.futex_wait(0);
  }

 private:
  model::Atomic<std::uint32_t> state_{0};
};

/// A job that says that it runs, and may wait for another to do so.
struct Work : weft::Job {
  weft::JobLink link{this, nullptr};
  model::Plain<int> input{0};  // written by the pusher
  model::Plain<int> runs{0};
  Event done;
  Work* needs = nullptr;
};

template <int kWorkers>
class Pool {
 public:
  explicit Pool(bool always_hint = false) : idle(kWorkers, always_hint) {
    for (auto& deque : deques) deque = std::make_unique<Deque>(2);
  }

  // ---- work comes in ----
  void inject(Work& work) {
    work.input = 1;
    injector.push(work.link);
    notify();
  }
  void push(unsigned worker, Work& work) {
    work.input = 1;
    deques[worker]->push(&work);
    notify();
  }
  void notify() {
    light_fence();
    if (idle.wake_hint().load(std::memory_order_relaxed) != 0) wake_one();
  }
  void wake_one() { weft::wake_one(idle, Host{*this, 0}); }
  bool try_unpark(unsigned worker) {
    if (worker >= startable) {
      idle.retire(worker);
      return false;
    }
    parkers[worker].unpark();
    return true;
  }
  void stop() {
    stopping.store(true, std::memory_order_release);
    idle.claim_all([this](unsigned worker) {
      if (worker < startable) parkers[worker].unpark();
    });
  }

  // ---- workers ----
  /// What belongs to a seat is touched only by the one who has it (G1).
  void touch_seat(unsigned worker) { seats[worker] = seats[worker] + 1; }

  Work* find_work(unsigned worker) {
    touch_seat(worker);
    if (deques[worker]->size_hint() != 0) {
      if (weft::Job* const job = deques[worker]->pop()) return static_cast<Work*>(job);
    }
    for (unsigned victim = 0; victim < kWorkers; ++victim) {
      if (victim == worker) continue;
      for (;;) {
        const weft::Steal<weft::Job> stolen = deques[victim]->steal();
        if (stolen.status == weft::StealStatus::Got) return static_cast<Work*>(stolen.item);
        if (stolen.status == weft::StealStatus::Empty) break;
      }
    }
    weft::Job* found = nullptr;
    injector.pop(1, [&](weft::Job* job) { found = job; });
    return static_cast<Work*>(found);
  }
  Work* search(unsigned worker) {
    Work* const found = find_work(worker);
    if (found != nullptr) weft::become_busy(idle, Host{*this, worker});
    return found;
  }
  bool has_visible_work() const {
    if (!injector.is_empty_hint()) return true;
    for (const auto& deque : deques) {
      if (!deque->is_empty_hint()) return true;
    }
    return false;
  }

  struct Host {
    Pool& pool;
    unsigned worker;
    Work* search() const { return pool.search(worker); }
    void count_park() const {}
    void heavy_fence() const { model::seq_cst_fence(); }
    bool has_visible_work() const { return pool.has_visible_work(); }
    bool is_stopping() const {
      return pool.stopping.load(std::memory_order_acquire) || pool.must_end[worker].load(std::memory_order_acquire);
    }
    void about_to_sleep() const {}
    void park() const { pool.parkers[worker].park(); }
    bool try_unpark(unsigned of) const { return pool.try_unpark(of); }
    static weft::NoPreference rank() { return {}; }
    void wake_one() const { pool.wake_one(); }
  };

  /// Worker::run_thread(), from the first wake-up. `execute(Work&)` runs one job.
  template <class Execute>
  void run(unsigned worker, Execute execute) {
    parkers[worker].park();
    Work* found = search(worker);
    if (found == nullptr) {
      static_cast<void>(idle.stop_searching());
      found = weft::wait_for_work(idle, worker, Host{*this, worker});
    }
    run_on(worker, found, execute);
  }
  /// A worker that was busy looks for its next job.
  Work* find_or_wait(unsigned worker) {
    if (Work* const found = find_work(worker)) return found;
    return weft::wait_for_work(idle, worker, Host{*this, worker});
  }
  template <class Execute>
  void run_on(unsigned worker, Work* found, Execute execute) {
    while (found != nullptr) {
      execute(*found);
      const bool must_rest = (idle.wake_hint().load(std::memory_order_relaxed) & (Idle::kTooMany | Idle::kLeaving)) != 0;
      const weft::Rest rest = must_rest ? idle.try_rest(worker) : weft::Rest::None;
      found = rest != weft::Rest::None ? weft::wait_for_work(idle, worker, Host{*this, worker}, rest) : find_or_wait(worker);
    }
  }

  Idle idle;
  std::array<Parker, kWorkers> parkers;
  std::array<model::Plain<int>, kWorkers> seats;
  std::array<std::unique_ptr<Deque>, kWorkers> deques;
  Injector injector;
  model::Atomic<bool> stopping{false};
  std::array<model::Atomic<bool>, kWorkers> must_end;
  unsigned startable = kWorkers;  // workers from here on have no thread, and get none

 private:
  void light_fence() { model::seq_cst_fence(); }
};

template <class Derived, int kThreads, int kWorkers, int kJobs>
struct IdleScenario : rl::test_suite<Derived, kThreads> {
  static constexpr bool kAlwaysHint = false;
  static constexpr unsigned kBusy = 0;  // so many workers are awake and busy from the start
  static constexpr int kGuests = 0;

  std::unique_ptr<Pool<kWorkers>> pool;
  std::array<Work, kJobs> jobs;
  model::Atomic<int> left{kJobs + Derived::kGuests};

  void before() {
    pool = std::make_unique<Pool<kWorkers>>(Derived::kAlwaysHint);
    for (unsigned worker = 0; worker < Derived::kBusy; ++worker) {
      model::check(pool->idle.claim_sleeper() == worker, "another worker was expected to be next");
      static_cast<void>(pool->idle.stop_searching());
    }
  }
  void after() {
    for (const Work& work : jobs) model::check(work.runs == 1, "a job was lost, or ran twice");
    pool.reset();
  }

  void execute(Work& work) {
    model::check(work.input == 1, "a job runs before it was made");
    if (work.needs != nullptr) work.needs->done.wait();
    work.runs = work.runs + 1;
    work.done.set();
    end_one();
  }
  /// The last job or guest stops the pool.
  void end_one() {
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) pool->stop();
  }
  auto executor() {
    return [this](Work& work) { execute(work); };
  }
  /// A busy worker looks for its next job, and goes on until the pool stops.
  void run_on(unsigned worker) { pool->run_on(worker, pool->find_or_wait(worker), executor()); }
  /// Worker 0 is inside a long job that waits for each one that it pushes.
  void push_and_wait() {
    for (Work& work : jobs) {
      pool->push(0, work);
      work.done.wait();
    }
  }
  /// A guest that has got a seat leaves it.
  void visit(std::optional<unsigned> seat, bool root_has_ended) {
    if (seat) {
      pool->touch_seat(*seat);
      weft::give_seat_back(pool->idle, *seat, root_has_ended, host(*seat));
    }
    end_one();
  }
  auto host(unsigned worker) { return typename Pool<kWorkers>::Host{*pool, worker}; }
};

/// Two producers outside, two sleepers; each job says that it runs before it waits for the other, so both sleepers have to be woken.
template <bool kHint>
struct TwoByTwo : IdleScenario<TwoByTwo<kHint>, 4, 2, 2> {
  static constexpr bool kAlwaysHint = kHint;
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
struct BusyOwner : IdleScenario<BusyOwner, 2, 2, 2> {
  static constexpr unsigned kBusy = 2;
  void thread(unsigned index) { index == 0 ? push_and_wait() : run_on(1); }
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

/// Two tiers of one worker each; the first sleeps, the second is awake.
template <class Derived, int kThreads, int kJobs>
struct TwoTiers : IdleScenario<Derived, kThreads, 2, kJobs> {
  struct SecondFirst {
    static bool is_any() { return false; }
    unsigned operator()(unsigned worker) const { return worker == 1 ? 0 : 1; }
  };

  void before() {
    IdleScenario<Derived, kThreads, 2, kJobs>::before();
    model::check(this->pool->idle.claim_sleeper(SecondFirst{}) == 1U, "the second worker was expected to be next");
    static_cast<void>(this->pool->idle.stop_searching());
  }
  void close() { weft::open_workers(this->pool->idle, this->host(0), 1); }
  void open() { weft::open_workers(this->pool->idle, this->host(0), 2); }
};

/// A tier is closed while its worker runs dry and work comes: it may see the work, and must not stay for it; the other is woken.
struct Closes : TwoTiers<Closes, 4, 1> {
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) run_on(1);
    if (index == 2) pool->inject(jobs[0]);
    if (index == 3) close();
  }
};

/// A tier is closed whose worker has work on its deque: the other takes it.
struct ClosesOnWork : TwoTiers<ClosesOnWork, 3, 2> {
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) {
      pool->push(1, jobs[0]);
      pool->push(1, jobs[1]);
      run_on(1);
    }
    if (index == 2) close();
  }
};

/// A tier is closed and opened again while its worker is the only one that can run what comes.
struct Opens : TwoTiers<Opens, 3, 2> {
  void before() {
    TwoTiers::before();
    jobs[0].needs = &jobs[1];
  }
  void thread(unsigned index) {
    if (index == 0) pool->run(0, executor());
    if (index == 1) run_on(1);
    if (index == 2) {
      pool->inject(jobs[0]);
      close();
      pool->inject(jobs[1]);
      open();
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
  explorer.run<BusyOwner>("a busy owner pushes while the other runs dry", {100'000, 1, 1'500'000, 2});
  explorer.run<Guest<false>>("a guest in the seat of a worker about to sleep", {100'000, 2, 1'500'000, 2});
  explorer.run<Guest<true>>("the monitor in the seat of a worker about to sleep", {100'000, 2, 1'500'000, 2});
  explorer.run<GuestWaits>("a guest stays in the seat of a worker that has seen work", {100'000, 1, 1'500'000, 1});
  explorer.run<GuestLeavesWork>("a guest leaves its seat to the thread", {100'000, 1, 1'500'000, 1});
  explorer.run<NoThread>("a worker gets no thread", {100'000, 1, 1'500'000, 1});
  explorer.run<Blocked>("another is awake while one is blocked, and rests", {100'000, 0, 1'500'000, 1});
  explorer.run<Removed>("a sleeper is removed in its last look", {100'000, 1, 1'500'000, 1});
  explorer.run<Closes>("a tier is closed while its worker runs dry and work comes", {100'000, 1, 1'500'000, 1});
  explorer.run<ClosesOnWork>("a tier is closed whose worker has work", {100'000, 1, 1'500'000, 2});
  explorer.run<Opens>("a tier is closed and opened again while work comes", {100'000, 1, 1'500'000, 1});
  explorer.run<Stop>("stop while one falls asleep and one is woken", {100'000, 1, 1'500'000, 2});
  return explorer.finish();
}
