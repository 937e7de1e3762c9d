/// @file
/// The pool around the idle protocol, for its models: which queues a worker looks into, and how a pusher reads the hint. The protocol, the parker,
/// the injector and the deque are the shipped ones. membarrier is modelled by what it gives, a seq_cst fence on both sides of the asymmetric
/// pair; and where a sleeper does without, by that the light half is nothing (has_light_half).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "support/explore.hpp"

#include "base/parker.hpp"
#include "queue/injector.hpp"
#include "sched/idle.hpp"
#include "sched/timed_park.hpp"
#include <weft/queue/deque.hpp>

namespace model_idle {

struct Policy : model::ModelAtomics {
  /// The models of the idle protocol sleep on the parker's word; the sleep in a poller has a model of its own (tests/model/io).
  struct Poller {
    void begin_sleep() {}
    void end_sleep() {}
    void wait(std::int64_t) {}
    void notify() {}
  };
};
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
  /// @param workers  the others are spare, and not there at first
  explicit Pool(bool always_hint = false, unsigned workers = kWorkers) : idle(workers, always_hint, kWorkers), seat_count(workers) {
    for (auto& deque : deques) deque = std::make_unique<Deque>(2);
    for (auto& next : next_timer) next.store(kNever, std::memory_order_relaxed);
  }

  // ---- work comes in ----
  void inject(Work& work) {
    work.input = 1;
    injector.push(work.link);
    notify_from_outside();
  }
  /// A job for a certain worker, if that sleeps, whoever searches (Pool::post_chain_to).
  void inject_for(unsigned worker, Work& work) {
    work.input = 1;
    injector.push(work.link);
    model::seq_cst_fence();
    if (idle.wake_hint().load(std::memory_order_relaxed) != 0) {
      wake_one();
    } else if (const auto claimed = idle.claim_beside_searchers(Only{worker}, 0)) {
      if (!try_unpark(*claimed)) wake_one();
    }
  }
  void push(unsigned worker, Work& work) {
    work.input = 1;
    push_own(worker, work);
  }
  void push_own(unsigned worker, Work& work) {
    deques[worker]->push(&work);
    notify();
  }
  void notify_from_outside() {
    model::seq_cst_fence();  // of who pushes from outside
    if (idle.wake_hint().load(std::memory_order_relaxed) != 0) wake_one();
  }
  void notify() {
    light_fence();
    if (idle.wake_hint().load(std::memory_order_relaxed) != 0) wake_one();
  }
  bool wake_one() { return weft::wake_one(idle, Host{*this, 0}); }
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

  // ---- timers: of each worker one, whose time has come as soon as it is armed ----
  void arm(unsigned worker, Work& work) {
    work.input = 1;
    const std::lock_guard lock(timer_mutex[worker]);
    timers[worker] = &work;
    next_timer[worker].store(kDue, std::memory_order_relaxed);
  }
  Work* take_timer(unsigned worker) {
    if (next_timer[worker].load(std::memory_order_relaxed) == kNever) return nullptr;
    const std::lock_guard lock(timer_mutex[worker]);
    Work* const due = timers[worker];
    timers[worker] = nullptr;
    next_timer[worker].store(kNever, std::memory_order_relaxed);
    return due;
  }
  /// TimerQueue::fire_due() by somebody who does not have the seat.
  void fire_timer(unsigned worker) {
    Work* const due = take_timer(worker);
    if (due == nullptr) return;
    injector.push(due->link);
    notify_from_outside();
  }
  /// TimerQueue::next()
  struct Timers {
    Pool& pool;
    unsigned worker;
    weft::TimeNs next() const {
      const std::lock_guard lock(pool.timer_mutex[worker]);
      return pool.timers[worker] != nullptr ? kDue : kNever;
    }
  };
  bool park_for_timer(unsigned worker) {
    Timers of{*this, worker};
    return timed_parks[worker].park(parkers[worker], of);
  }
  bool has_unknown_wakeup(unsigned worker) {
    return next_timer[worker].load(std::memory_order_relaxed) != kNever && !timed_parks[worker].is_known(kDue);
  }

  // ---- seats ----
  /// Worker::IdleHost::heavy_fence(): without its light half if there is only one seat.
  void heavy_fence() {
    const unsigned seats = seat_count.load(std::memory_order_acquire);
    if (!has_light_half && seats != 1) abandon();
    model::seq_cst_fence();
  }
  /// This run was to be one in which no sleeper needs the light half, and is none.
  void abandon() {
    is_abandoned = true;
    for (Work* const work : all) work->done.set();
    stop();
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
    if (Work* const due = take_timer(worker)) push_own(worker, *due);
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

  struct Only {
    unsigned worker;
    static bool is_any() { return false; }
    unsigned operator()(unsigned other) const { return other == worker ? 0 : 1; }
  };

  struct Host {
    Pool& pool;
    unsigned worker;
    bool wants_to_search() const { return pool.is_patient; }
    Work* search() const { return pool.search(worker); }
    void count_park() const { pool.seats_before_announcement = pool.seat_count.load(std::memory_order_acquire); }
    void heavy_fence() const { pool.heavy_fence(); }
    bool has_visible_work() const { return pool.has_visible_work(); }
    bool is_stopping() const {
      return pool.stopping.load(std::memory_order_acquire) || pool.must_end[worker].load(std::memory_order_acquire);
    }
    void about_to_sleep() const {}
    bool park() const { return pool.park_for_timer(worker); }
    void wake_due() const { pool.fire_timer(worker); }
    bool has_unknown_wakeup(unsigned of) const { return pool.has_unknown_wakeup(of); }
    /// The monitor, which fires what nobody else looks at.
    void watch_timers() const { pool.fire_timer(worker); }
    bool try_unpark(unsigned of) const { return pool.try_unpark(of); }
    static weft::NoPreference rank() { return {}; }
    bool wake_one() const { return pool.wake_one(); }
    void call_busy() const {}
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
    if (Work* const due = take_timer(worker)) push_own(worker, *due);
    if (Work* const found = find_work(worker)) return found;
    return weft::wait_for_work(idle, worker, Host{*this, worker});
  }
  template <class Execute>
  void run_on(unsigned worker, Work* found, Execute execute) {
    while (found != nullptr) {
      execute(*found);
      const bool must_rest = (idle.wake_hint().load(std::memory_order_relaxed) & (Idle::kTooMany | Idle::kLeaving)) != 0;
      const bool rests = must_rest && idle.try_rest(worker);
      found = rests ? weft::wait_for_work(idle, worker, Host{*this, worker}, true) : find_or_wait(worker);
    }
  }

  static constexpr weft::TimeNs kDue = 0;
  static constexpr weft::TimeNs kNever = weft::kNeverNs;

  Idle idle;
  std::array<model::Mutex, kWorkers> timer_mutex;
  std::array<Work*, kWorkers> timers{};  // guarded by it
  std::array<model::Atomic<weft::TimeNs>, kWorkers> next_timer;  // kNever at first: see the constructor
  std::array<weft::BasicTimedPark<Policy>, kWorkers> timed_parks;
  std::array<Parker, kWorkers> parkers;
  std::array<model::Plain<int>, kWorkers> seats;
  std::array<std::unique_ptr<Deque>, kWorkers> deques;
  Injector injector;
  model::Atomic<bool> stopping{false};
  std::array<model::Atomic<bool>, kWorkers> must_end;
  unsigned startable = kWorkers;  // workers from here on have no thread, and get none
  bool is_patient = true;         // who runs dry looks around before it sleeps
  bool has_light_half = true;
  bool is_abandoned = false;
  unsigned seats_before_announcement = kWorkers;  // for a mutant
  std::vector<Work*> all;
  model::Atomic<unsigned> seat_count;

 private:
  void light_fence() {
    if (has_light_half) model::seq_cst_fence();
  }
};

template <class Derived, int kThreads, int kWorkers, int kJobs>
struct IdleScenario : rl::test_suite<Derived, kThreads> {
  static constexpr bool kAlwaysHint = false;
  static constexpr unsigned kBusy = 0;  // so many workers are awake and busy from the start
  static constexpr int kGuests = 0;
  static constexpr unsigned kSpare = 0;  // so many of the workers are not there at first
  static constexpr bool kIsPatient = true;

  std::unique_ptr<Pool<kWorkers>> pool;
  std::array<Work, kJobs> jobs;
  model::Atomic<int> left{kJobs + Derived::kGuests};

  void before() {
    pool = std::make_unique<Pool<kWorkers>>(Derived::kAlwaysHint, kWorkers - Derived::kSpare);
    pool->is_patient = Derived::kIsPatient;
    for (Work& work : jobs) pool->all.push_back(&work);
    for (unsigned worker = 0; worker < Derived::kBusy; ++worker) {
      model::check(pool->idle.claim_sleeper() == worker, "another worker was expected to be next");
      static_cast<void>(pool->idle.stop_searching());
    }
  }
  void after() {
    for (const Work& work : jobs) model::check(work.runs == 1 || (pool->is_abandoned && work.runs == 0), "a job was lost, or ran twice");
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

}  // namespace model_idle
