// How a worker searches, falls asleep, rests, and is blocked: README.md, "the idle protocol".
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "sched/arena_queues.hpp"
#include "sched/call_sites.hpp"
#include "sched/pool.hpp"
#include "sched/worker.hpp"

namespace weft::inline v0 {

/// The worker as the idle protocol sees it.
struct Worker::IdleHost {
  Worker& worker;

  [[nodiscard]] bool wants_to_search() const noexcept { return worker.patience_.decide_to_search(); }
  Found search() const noexcept { return worker.search(); }
  void count_park() const noexcept { worker.parks_.add(); }
  // Where there is no other seat, nobody pushes with the light half but who has this one, before or after: README.md, "the only seat".
  void heavy_fence() const noexcept { worker.pool_.seats_.count() == 1 ? full_fence() : v0::heavy_fence(); }
  [[nodiscard]] bool has_visible_work() const noexcept { return worker.pool_.has_visible_work(); }
  // [pool.stop] acquire: pairs with ~Pool() and Pool::end_spare().
  [[nodiscard]] bool is_stopping() const noexcept { return worker.pool_.stopping_.load(acquire) || worker.must_end.load(acquire); }
  void about_to_sleep() const noexcept { worker.pool_.about_to_sleep(); }
  [[nodiscard]] bool park() const noexcept { return worker.timed_park_.park(worker.parker, worker.timer_queue_); }
  void wake_due() const noexcept { worker.wake_due_asleep(); }
  bool wake_one() const noexcept { return worker.pool_.wake_one(); }
  void call_busy() const noexcept { worker.pool_.call_for_visible_work(); }
};

Worker::Found Worker::search() noexcept {
  constexpr int kForeignRounds = 8;  // the last ones: what waits for another arena is left to that as long as there may be something else
  // relaxed: only says whether another is woken; what was pushed before it is set again is found by the looks below, or by the last look.
  if (arena_ != nullptr && arena_->is_called.load(relaxed)) arena_->is_called.store(false, relaxed);
  const int rounds = patience_.rounds();
  for (int round = 0; round < rounds; ++round) {
    // A closed tier's worker does not take time from its core's other processor; but when the pool stops, what is left is everybody's.
    // relaxed: a hint.
    if (must_leave(wake_hint->load(relaxed)) && !IdleHost{*this}.is_stopping()) break;
    Found found;
    const bool is_due = wake_due(rounds == 1 ? Poller::Before::Sleep : Poller::Before::Work, &found);
    if (!found) found = find_work();
    if (!found && round >= rounds - kForeignRounds && pool_.has_arenas()) found = find_in_other_arenas();
    if (found) {
      is_due ? patience_.found_due(round) : patience_.found_in(round);
      become_busy(pool_.idle_, IdleHost{*this});
      return instead_of_sleep(found);
    }
    if (round + 1 != rounds) pause_between_looks();
  }
  patience_.found_nothing();
  return {};
}

/// Some of those whose time has come. It may take a while to find them, and the monitor is to leave that to this worker.
bool Worker::wake_sleepers() noexcept {
  const TimeNs now = detail::time_by(manual_time);
  bool is_any = false;
  for (; !is_any && timer_queue_.next_hint() <= now; count_look()) is_any = timer_queue_.fire_some(now);
  return is_any;
}

/// What is due, or the first of it, goes onto this worker's own queues, behind those that have given way. So does what waits for operations that have
/// ended; but if `next` is not null, one that has ended alone is put there. Cost: two loads where there is neither.
bool Worker::wake_due(Poller::Before before, Found* next) noexcept {
  const bool has_poller = poller != nullptr && run_by_ != RunBy::Guest;
  const bool has_timers = timer_queue_.next_hint() != kNeverNs;
  if (!has_poller && !has_timers) [[likely]] return false;
  count_look();
  const bool is_time = has_timers && wake_sleepers();
  Poller::Next landed;
  const bool has_landed = has_poller && poller->poll(next != nullptr && !is_time ? &landed : nullptr, before);
  if (landed.job != nullptr) *next = {landed.job, static_cast<std::size_t>(landed.at)};
  return is_time || has_landed;
}

/// The same of all workers: there are no threads, and so nobody else looks after a seat that a guest has left.
bool Worker::wake_due_of_all() noexcept {
  bool is_any = false;
  for (const auto& worker : pool_.seats_) {
    is_any = worker->timer_queue_.fire_due(now_ns()) || is_any;
    if (Poller* const poller = worker->poller_for_others()) is_any = poller->poll_for_owner() || is_any;
  }
  return is_any;
}

/// In the place of the worker, until it looks itself: two who take from one queue are in each other's way.
void Worker::fire_timers_for(TimeNs now) noexcept {
  const std::uint32_t looks_before = looks();
  while (timer_queue_.next_hint() <= now && looks() == looks_before) timer_queue_.fire_some(now);
}

/// By the thread that sleeps on the seat, which does not have it at the moment (G1): so as any thread from outside.
void Worker::wake_due_asleep() noexcept {
  WorkerContext* const self = detail::set_current_worker(nullptr);
  timer_queue_.fire_due(now_ns());
  if (Poller* const own = parker.poller()) own->poll(nullptr, Poller::Before::Sleep);
  static_cast<void>(detail::set_current_worker(self));
}

void Worker::timer_is_first(TimeNs due_in) noexcept { pool_.timer_is_first(due_in); }

void Worker::adopt(std::unique_ptr<Poller> poller_here) {
  if (pool_.is_stepped()) pool_.step_for(*poller_here);
  owned_poller_ = std::move(poller_here);
  poller = owned_poller_.get();
  // [worker.poller] release: the poller is complete before others look into it; pairs with poller_for_others().
  shared_poller_.store(poller, release);
  if (run_by_ != RunBy::OwnThread) return;
  parker.sleep_in(*poller);
  unblock_questions_here();
  if (pool_.seats_.count() > 1) pool_.timer_is_first(0);  // who watches is to look into it, too
}

bool Worker::is_anybody_idle() noexcept { return pool_.idle_.is_anybody_idle(); }

Worker::Found Worker::sleep_until_work() noexcept {
  small_gets_ = 0;
  frames.send_foreign_home();
  fibers.rest();
  begin_idle_time();
  const Found found = wait_for_work(pool_.idle_, index, IdleHost{*this});
  end_rest();
  return found;
}

/// Whether its tier is closed, and it is in nobody's place. Cost: a lock if its tier is closed and somebody leaves.
bool Worker::must_leave(std::uint32_t hint) const noexcept {
  return (hint & Idle::kLeaving) != 0 && index < pool_.worker_count() && pool_.idle_.is_closed_hint(index) && pool_.idle_.must_leave(index);
}

/// Goes to sleep although there may be work, if its tier is closed, or those who were blocked are back and more are awake than should be.
///
/// @return  false: it need not; true: it has slept, and `found` is the work for which it was woken
bool Worker::try_rest(Found& found) noexcept {
  // relaxed: a hint; the lock decides.
  const std::uint32_t hint = wake_hint->load(relaxed);
  if ((hint & Idle::kTooMany) == 0 && !must_leave(hint)) return false;
  if (must_look_for_high_ || has_given_way_) return false;  // it has answered a call, and looks first
  count_off(*this);
  begin_idle_time();
  const bool rests = pool_.idle_.try_rest(index);
  // ---- if so, a guest may have the seat from here (G1) ----
  if (rests) found = wait_for_work(pool_.idle_, index, IdleHost{*this}, true);
  end_rest();
  return rests;
}

void Worker::bind() noexcept {
  // relaxed: see Pool::limits_changed().
  binding_ = pool_.binding_.load(relaxed);
  // relaxed: statistics.
  processor_.store(pool_.config_.places.bind_as(index).value_or(kNoProcessor), relaxed);
}

/// After the process has lost or got processors: only to one that it has. Elsewhere the thread stays where the kernel has put it.
void Worker::bind_anew() noexcept {
  if (pool_.may_use_place_of(index)) return bind();
  // relaxed: see Pool::limits_changed().
  binding_ = pool_.binding_.load(relaxed);
  // relaxed: statistics.
  processor_.store(kNoProcessor, relaxed);
}

/// The seat's own thread is back; a guest may have been in its place.
void Worker::end_rest() noexcept {
  // relaxed: see Pool::limits_changed().
  if (binding_ != pool_.binding_.load(relaxed)) [[unlikely]] bind_anew();
  // relaxed: a hint for the monitor.
  runner_.store(thread_number(), relaxed);
  end_idle_time();
}

void Worker::begin_blocking() noexcept {
  if (blocking_depth_++ != 0) return;
  count_off(*this);  // nobody waits for what is through because of what is not
  blocking.enter();
  pool_.monitor_.call_begins();
}

void Worker::end_blocking() noexcept {
  if (--blocking_depth_ != 0) return;
  if (blocking.leave()) static_cast<void>(pool_.idle_.allow(-1));
}

void Worker::begin_idle_time() noexcept {
  // relaxed: statistics.
  idle_since_.store(now_ns(), relaxed);
}

/// What began last: a guest may have ended the time that the seat's own thread began, and begun another.
void Worker::end_idle_time() noexcept {
  // relaxed: statistics.
  const std::int64_t since = idle_since_.exchange(0, relaxed);
  idle_ns_.add(static_cast<std::uint64_t>(now_ns() - since));
}

namespace {

thread_local int known_thread_number = 0;

/// The thread that forks is another one in the child.
[[maybe_unused]] const int asks_again_after_fork = ::pthread_atfork(nullptr, nullptr, [] { known_thread_number = 0; });

}  // namespace

/// The kernel is asked once.
int Worker::thread_number() noexcept {
  if (known_thread_number == 0) known_thread_number = static_cast<int>(::syscall(SYS_gettid));
  return known_thread_number;
}

}  // namespace weft::inline v0
