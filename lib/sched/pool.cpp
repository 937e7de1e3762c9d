#include "sched/pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/futex.hpp"
#include "sched/arena_queues.hpp"
#include "sched/seat_host.hpp"
#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace {

/// The tier of each worker that has a place.
std::vector<std::uint8_t> tiers_of(const PinningPlan& plan) {
  std::vector<std::uint8_t> tiers(plan.pus.size());
  std::uint8_t tier = 0;
  for (const PinningPlan::Tier& of : plan.tiers) {
    if (!tiers.empty()) std::fill_n(tiers.begin() + of.first, of.count, tier);
    ++tier;
  }
  return tiers;
}

JobLink* last_of(JobLink* link) noexcept {
  while (link->next != nullptr) link = link->next;
  return link;
}

}  // namespace

Pool::Pool(PoolConfig config)
    : Domain(UnhandledHandler("Runtime (see RuntimeOptions::on_unhandled)", std::move(config.on_unhandled)), &frame_arena_),
      config_(std::move(config)),
      tiers_(tiers_of(config_.plan)),
      made_(std::chrono::steady_clock::now()),
      stepper_(config_.is_stepped ? std::make_unique<Stepper>() : nullptr),
      seats_(config_.workers + config_.spare_workers),
      idle_(config_.workers, !has_asymmetric_fence(), config_.workers + config_.spare_workers),
      monitor_(*this, config_) {
  make_arenas();
  for (unsigned i = 0; i < config_.workers; ++i) seats_.add(make_on<Worker>(config_.memory_of(i), *this, i));
  if (monitor_.tiers().has_tiers()) static_cast<void>(idle_.set_open(monitor_.tiers().open_workers()));
  if (is_stepped()) {
    if (!seats_[0].prepare()) throw std::bad_alloc();
    static_cast<void>(idle_.claim_for_guest());  // for ever: nobody ever wakes it, and it looks at each step
    if (config_.manual_time != nullptr) follower_.emplace(*config_.manual_time, *stepper_, *seats_[0].timers);
  } else if (monitor_.must_see_work()) {
    idle_.call(Idle::kUnwatched);
  }
}

// ---- work comes in ----

/// Keeps the pool from being destroyed while a thread that is none of its workers is inside one of its members.
class Pool::OutsideCall {
 public:
  // relaxed: the caller keeps the pool alive until here.
  explicit OutsideCall(Pool& pool) noexcept : calls_(pool.outside_calls_) { calls_.fetch_add(1, relaxed); }
  OutsideCall(const OutsideCall&) = delete;
  OutsideCall& operator=(const OutsideCall&) = delete;
  ~OutsideCall() {
    // [pool.outside] release: the last access of this call happens before the pool is destroyed.
    calls_.fetch_sub(1, release);
  }

 private:
  Atomic<std::uint32_t>& calls_;
};

void Pool::post(JobLink& link, Priority priority) noexcept {
  if (WorkerContext* const worker = current_worker(); is_own(worker)) return worker->enqueue(link, priority);
  const OutsideCall guard(*this);
  injectors_[static_cast<std::size_t>(priority)].push(link);
  notify_from_outside(priority);
}

void Pool::post_woken(JobLink& link, Priority priority, unsigned last_worker) noexcept {
  if (WorkerContext* const worker = current_worker(); is_own(worker)) {
    return static_cast<Worker*>(worker)->enqueue_woken(link, priority, last_worker);
  }
  const OutsideCall guard(*this);
  injectors_[static_cast<std::size_t>(priority)].push(link);
  notify_from_outside(priority, wish_for(last_worker));
}

WakeWish Pool::wish_for(unsigned last_worker, unsigned arena) const noexcept {
  constexpr std::int64_t kWarmNs = 1'000'000;  // a cache of some megabytes is read anew in less
  const std::int64_t since = seats_[last_worker].idle_since_hint();
  const bool is_warm = since != 0 && std::chrono::steady_clock::now().time_since_epoch().count() - since < kWarmNs;
  return {.arena = arena, .worker = is_warm ? last_worker : WakeWish::kNone};
}

void Pool::post_chain(JobLink* first, unsigned count, Priority priority) noexcept {
  if (count == 0) return;
  if (WorkerContext* const worker = current_worker(); is_own(worker)) {
    for (JobLink* link = first; link != nullptr;) {
      JobLink* const next = link->next;
      worker->enqueue(*link, priority);
      link = next;
    }
    return;
  }
  const OutsideCall guard(*this);
  injectors_[static_cast<std::size_t>(priority)].push_chain(first, last_of(first), count);
  notify_from_outside(priority);
}

void Pool::post_to(NumaArena& arena, JobLink& link, Priority priority, const WakeWish& wish) noexcept {
  const OutsideCall guard(*this);
  injector_of(arena, priority).push(link);
  notify_from_outside(priority, wish);
}

void Pool::post_chain_to(NumaArena& arena, JobLink* first, unsigned count, Priority priority) noexcept {
  if (count == 0) return;
  const OutsideCall guard(*this);
  injector_of(arena, priority).push_chain(first, last_of(first), count);
  notify_from_outside(priority, {.arena = arena.index()});
}

Injector& Pool::injector_of(NumaArena& arena, Priority priority) noexcept {
  const auto of = static_cast<std::size_t>(priority);
  // relaxed: as in Worker::make_queues().
  is_used_[of].store(true, relaxed);
  return arena.queues_->injectors[of];
}

void Pool::notify_from_outside(Priority priority, const WakeWish& wish) noexcept {
  // [idle.push_a] seq_cst: the item before the look at the hint; partner: a sleeper's fence, which is no heavy one where it has the only seat,
  // [idle.announce].
  full_fence();
  // relaxed: ordered by the fence.
  const bool has_sleeper = (idle_.wake_hint().load(relaxed) & Idle::kSleeper) != 0;
  const bool is_woken = has_sleeper ? work_added(wish) : wish.arena != WakeWish::kNone && call_to_arena(wish);
  if (is_stepped()) stepper_->notify();
  // Whoever is deep in a tree of forks does not come back to its loop by itself.
  if (!is_woken) idle_.call(Idle::call_for(priority));
  watch();
}

/// After work was added: the monitor looks from now on, if it rested or was never started.
void Pool::watch() noexcept {
  // relaxed: read after the item became visible, behind the pusher's fence, as the hint for sleepers is: of this look and the one that the monitor
  // takes before it rests at least one sees the other's step (README.md, "blocked workers").
  if ((idle_.wake_hint().load(relaxed) & Idle::kUnwatched) == 0) [[likely]] return;
  idle_.answer(Idle::kUnwatched);
  monitor_.look_from_now_on();
}

bool Pool::work_added(const WakeWish& wish) noexcept {
  // Without membarrier this is the pusher's half, and the hint always leads here; with it, the sleeper has done the
  // work and the fence costs nothing that the wake-up does not cost many times over.
  // [idle.push_a] seq_cst: the item before the look at the hint; partner: the heavy_fence() of a sleeper, [idle.announce].
  full_fence();
  return wake_one(wish);
}

/// Somebody searches, who may be far from the arena: so one of the arena is woken all the same, if it has one that sleeps, and none was woken so
/// already who has not looked yet. Nobody relies on it: who searches finds the work, or leaves it to others, as any.
bool Pool::call_to_arena(const WakeWish& wish) noexcept {
  Atomic<bool>& is_called = arenas_[wish.arena]->queues_->is_called;
  // relaxed: a wake-up more or less.
  if (is_called.load(relaxed) || is_called.exchange(true, relaxed)) return false;
  const auto sleeper = idle_.claim_beside_searchers(SeatHost{*this, wish}.rank(), WakeRank::kLastInArena);
  if (sleeper && try_unpark(*sleeper)) return true;
  // relaxed: as above.
  is_called.store(false, relaxed);
  return sleeper && wake_one(wish);
}

/// Gives a claimed worker its wake-up. False: it has no thread, and none can be had; it is retired.
bool Pool::try_unpark(unsigned index) noexcept {
  Worker& worker = seats_[index];
  {
    const std::lock_guard lock(threads_mutex_);
    if (!worker.thread.joinable() && !start_thread(worker)) {
      worker.is_retired = true;
      // relaxed: changed under the lock.
      retired_.fetch_add(1, relaxed);
      idle_.retire(index);
      return false;
    }
  }
  worker.parker.unpark();
  return true;
}

bool Pool::start_thread(Worker& worker) noexcept {
  // relaxed: ~Pool() sets it under the lock that is held here.
  if (stopping_.load(relaxed) || !worker.prepare()) return false;
  try {
    worker.thread = std::thread([&worker] {
      worker.parker.park();
      worker.run_thread();
    });
  } catch (const std::exception&) {
    return false;  // no thread, or no memory for one
  }
  // relaxed: whoever reads it without the lock only wants to know that there is one.
  threads_.fetch_add(1, relaxed);
  revive_retired(seats_.count());  // who is woken with this thread looks for them, too
  // The kernel takes 15 characters.
  const std::string name = config_.name.substr(0, 10) + "/" + std::to_string(worker.index);
  pthread_setname_np(worker.thread.native_handle(), name.substr(0, 15).c_str());
  return true;
}

bool Pool::wake_one(const WakeWish& wish) noexcept { return v0::wake_one(idle_, SeatHost{*this, wish}); }

/// Some workers whose thread could not be started sleep again: perhaps there is one now. Whoever calls this looks for work afterwards.
void Pool::revive_retired(unsigned most) noexcept {
  // relaxed: changed under the lock.
  for (unsigned i = 0; most != 0 && retired_.load(relaxed) != 0; ++i) {
    if (!try_revive(seats_[i])) continue;
    idle_.add_sleeper(i);
    --most;
  }
}

bool Pool::try_revive(Worker& worker) noexcept {
  if (!std::exchange(worker.is_retired, false)) return false;
  // relaxed: changed under the lock.
  retired_.fetch_sub(1, relaxed);
  return true;
}

// ---- what waits ----

bool Pool::is_anything_injected(std::size_t of) const noexcept {
  if (!injectors_[of].is_empty_hint()) return true;
  return has_arenas() && std::any_of(arenas_.begin(), arenas_.end(), [of](const auto& arena) { return !arena->queues_->injectors[of].is_empty_hint(); });
}

bool Pool::has_visible_work() const noexcept {
  for (std::size_t of = 0; of < kPriorities; ++of) {
    if (is_anything_injected(of)) return true;
  }
  for (const auto& worker : seats_) {
    if (!worker->is_empty_hint()) return true;
  }
  return false;
}

/// For jobs whose pushers have called nobody, because somebody was woken who cannot stay for them (README.md, "giving way").
void Pool::call_for_visible_work() noexcept {
  for (std::size_t of = 0; of < kPriorities; ++of) {
    if (is_anything_injected(of)) idle_.call(Idle::call_for(static_cast<Priority>(of)));
  }
  const auto has_high = [](const auto& worker) { return worker->visible_jobs(static_cast<std::size_t>(Priority::High)) != 0; };
  if (std::any_of(seats_.begin(), seats_.end(), has_high)) idle_.call(Idle::kHighWaits);
}

void Pool::stop_tasks() noexcept {
  request_stop();
  // [seats.add] seq_cst: the stop before the look at how many seats there are: a worker that is being added is seen here, or sees the stop. Partner:
  // the full_fence() in Pool::has_seats(). And [io.adopt]: before the look at the drivers. Partner: the full_fence() in driver_of().
  full_fence();
  // What sleeps in no scope but the outermost is not registered there: who armed its timer before the request is found here, and who arms it after
  // this has looked into the queue sees the request, by the queue's mutex.
  for (const auto& worker : seats_) {
    worker->timers->cancel_all();
    if (Poller* const poller = worker->poller_for_others()) poller->cancel_all();
  }
}

void Pool::timer_is_first(TimeNs due_in) noexcept { monitor_.timer_is_first(due_in); }

std::uint64_t Pool::visible_jobs() const noexcept {
  std::uint64_t sum = 0;
  for (const Injector& injector : injectors_) sum += injector.size_hint();
  if (has_arenas()) {
    for (const auto& arena : arenas_) {
      for (const Injector& injector : arena->queues_->injectors) sum += injector.size_hint();
    }
  }
  for (const auto& worker : seats_) sum += worker->visible_jobs();
  return sum;
}

// ---- guests ----

detail::SpawnTarget Pool::open_target(Executor& through) {
  if (!is_own(current_worker())) check_open();
  return {&through, this};
}

void Pool::check_open() {
  // [pool.closed] acquire: pairs with drain_until().
  if (closed_.load(acquire)) {
    throw UsageError("weft: this Runtime has been shut down and takes no more work from outside");
  }
  if (!is_stepped() && !can_have_thread()) {
    throw LimitError(
        "weft: not one worker thread could be started: a limit is reached, of threads (ulimit -u, or pids.max of the cgroup) or of memory for "
        "their stacks (ulimit -v, ulimit -l if memory is locked, and ulimit -s, the size of one)");
  }
}

void Pool::run_and_wait(JobLink& link, const Atomic<std::uint32_t>& done) {
  // [pool.closed] acquire: pairs with drain_until().
  if (closed_.load(acquire)) {
    throw UsageError("weft: Runtime::run was called after shutdown");
  }
  root_started(1);
  if (is_stepped()) {
    post(link, Priority::Normal);
    return step_until(done);
  }
  Worker* const seat = claim_seat();
  if (seat == nullptr) {
    post(link, Priority::Normal);
    wait_without_seat(done);
    return;
  }
  if (seat->next_timer_hint() != kNeverNs) watch();  // they are the guest's to look at now, who may be in one job for long
  if (!prepare(*seat)) {
    root_finished();
    give_seat_back(*seat, true);
    throw std::bad_alloc();
  }
  seat->run_as_guest(link.job, done);
  // [run.done] acquire: pairs with the store by which the root says it has ended.
  const bool is_done = done.load(acquire) != 0;
  // What a thread could not take over is done before the seat is left.
  const bool is_needed = !is_done || has_visible_work();
  if (is_needed && !can_have_thread()) seat->run_as_only_guest(done);
  // [run.done] acquire: as above.
  give_seat_back(*seat, done.load(acquire) != 0);
  // [run.done] acquire: as above.
  while (done.load(acquire) == 0) futex_wait(done, 0);
}

/// Under the lock, because can_have_thread() may start the thread of a seat that a guest has just taken.
bool Pool::prepare(Worker& seat) noexcept {
  const std::lock_guard lock(threads_mutex_);
  return seat.prepare();
}

Worker* Pool::claim_seat() noexcept {
  if (const auto sleeper = idle_.claim_for_guest(SeatHost{*this}.rank())) return &seats_[*sleeper];
  const std::lock_guard lock(threads_mutex_);
  for (const auto& worker : seats_) {
    if (!try_revive(*worker)) continue;
    idle_.revive_for_guest(worker->index);
    return worker.get();
  }
  return nullptr;
}

/// Waits for a root that all seats were too busy for; without threads, whoever leaves a seat next may have overlooked it.
void Pool::wait_without_seat(const Atomic<std::uint32_t>& done) noexcept {
  constexpr std::chrono::milliseconds kLookAgain{1};
  // [run.done] acquire: pairs with the store by which the root says it has ended.
  while (done.load(acquire) == 0) {
    if (can_have_thread()) {
      futex_wait(done, 0);
      continue;
    }
    futex_wait_for(done, 0, kLookAgain);
    if (Worker* const seat = claim_seat()) {
      if (prepare(*seat)) seat->run_as_only_guest(done);
      give_seat_back(*seat, true);
    }
  }
}

bool Pool::can_have_thread() noexcept {
  // relaxed: see start_thread().
  if (threads_.load(relaxed) != 0) [[likely]] return true;
  {
    const std::lock_guard lock(threads_mutex_);
    // relaxed: as above.
    if (threads_.load(relaxed) == 0 && !start_thread(seats_[0])) return false;
  }
  v0::allow_another(idle_, SeatHost{*this}, 0);  // while there was none, nobody was woken
  return true;
}

void Pool::give_seat_back(Worker& worker, bool is_done) noexcept {
  v0::give_seat_back(idle_, worker.index, is_done, SeatHost{*this});
}

RuntimeStats Pool::stats() const {
  RuntimeStats stats;
  stats.workers.reserve(seats_.count());
  for (const auto& worker : seats_) stats.workers.push_back(worker->stats());
  stats.worker_limit = monitor_.worker_limit();
  stats.tiers = monitor_.tiers().stats();
  stats.age = std::chrono::steady_clock::now() - made_;  // after them: nobody has been idle for longer than there was time
  return stats;
}

}  // namespace weft::inline v0
