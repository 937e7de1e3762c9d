#include "sched/worker.hpp"

#include <algorithm>
#include <new>

#include "base/futex.hpp"
#include "fiber/overflow.hpp"
#include "sched/arena_queues.hpp"
#include "sched/call_sites.hpp"
#include "sched/pool.hpp"
#include <weft/base/arrivals.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/sched/numa_arena.hpp>

namespace weft::inline v0 {

Worker::Worker(Pool& pool, unsigned index_in_pool)
    : pool_(pool),
      arena_(pool.queues_of_arena_of(index_in_pool)),
      random_(0x9e3779b97f4a7c15ULL * (index_in_pool + 1)), idle_since_(pool.made_.time_since_epoch().count()) {
  index = index_in_pool;
  worker_count = pool.config_.workers;
  NumaArena* const arena = pool.arena_of(index);
  place = arena != nullptr ? arena : pool.arenas().front();
  executor = arena_ != nullptr ? static_cast<Executor*>(arena) : &pool;
  domain = &pool;
  wake_hint = &pool.idle_.wake_hint();
  timers = &timer_queue_;
  manual_time = pool.config_.manual_time;
  if (manual_time != nullptr) timer_queue_.be_exact();
  io_backend = pool.config_.io_backend;
  frame_area.join(pool.frame_arena_, pool.config_.memory_of(index));
  frames.configure(pool.config_.memory_of(index));
  fibers.configure(pool.config_.fiber_stack_size, pool.config_.huge_fiber_stacks, pool.config_.prefault_fiber_stacks);
}

// ---- queues ----

RunQueues* Worker::make_queues(std::size_t of) noexcept {
  if (RunQueues* const made = queues(of)) return made;
  try {
    std::pmr::memory_resource* const home = pool_.config_.memory_of(index);
    owned_queues_[of] = make_on<RunQueues>(home, home);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  // relaxed: a hint that only ever turns true; see find_work().
  pool_.is_used_[of].store(true, relaxed);
  // [worker.queues] release: the empty deques are complete before a thief finds them.
  queues_[of].store(owned_queues_[of].get(), release);
  return owned_queues_[of].get();
}

RunQueues* Worker::queues_with_room(std::size_t of, std::size_t spawned) noexcept {
  RunQueues* const mine = make_queues(of);
  try {
    if (mine != nullptr) mine->spawned.reserve(spawned);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return mine;
}

namespace {

/// The jobs of linked nodes, one after another.
struct JobsOf {
  JobLink* link;
  Job* operator()(std::size_t) noexcept { return std::exchange(link, link->next)->job; }
};

}  // namespace

/// Linked ones, the last first.
template <auto kDeque>
void Worker::enqueue_in(JobLink* last, unsigned count, Priority at) noexcept {
  const auto of = static_cast<std::size_t>(at);
  if (RunQueues* const mine = queues(of); mine != nullptr && at != Priority::High && (mine->*kDeque).has_room(count)) [[likely]] {
    (mine->*kDeque).push_chain_reserved(count, JobsOf{last});
    notify_work(*this);
    return;
  }
  enqueue_slow<kDeque>(last, count, at);
}

template <auto kDeque>
void Worker::enqueue_slow(JobLink* last, unsigned count, Priority at) noexcept {
  const auto of = static_cast<std::size_t>(at);
  if (RunQueues* const mine = make_queues(of)) {
    try {
      (mine->*kDeque).push_chain(count, JobsOf{last});
      if (at == Priority::High) pool_.idle_.call(Idle::kHighWaits);
      notify_work(*this);
      return;
    } catch (const std::bad_alloc&) {
      // The shared queue needs no memory.
    }
  }
  JobLink* first = in_order_of_arrival(last);
  while (first != nullptr) pool_.injectors_[of].push(*std::exchange(first, first->next));
  notify_work(*this);
}

void Worker::enqueue(JobLink& link, Priority at) noexcept {
  link.next = nullptr;
  enqueue_in<&RunQueues::spawned>(&link, 1, at);
}

void Worker::enqueue_woken(JobLink& link, Priority at, unsigned last_worker) noexcept {
  woken_from_ = last_worker;
  enqueue(link, at);
  woken_from_ = WakeWish::kNone;
}

void Worker::enqueue_last(JobLink& link, Priority at) noexcept {
  link.next = nullptr;
  enqueue_in<&RunQueues::yielded>(&link, 1, at);
}

void Worker::enqueue_due(JobLink* last, unsigned count, Priority at) noexcept {
  due_ += count;
  enqueue_in<&RunQueues::yielded>(last, count, at);
}

void Worker::work_added() noexcept {
  // relaxed: the caller has read it behind its light_fence(); to read a later value is as good.
  if ((wake_hint->load(relaxed) & Idle::kSleeper) != 0) {
    pool_.work_added(woken_from_ != WakeWish::kNone && woken_from_ != index ? pool_.wish_for(woken_from_) : WakeWish{});
  }
  pool_.watch();
}

bool Worker::must_give_way() noexcept {
  // relaxed: a hint; what it is about is looked for in the loop.
  const std::uint32_t hint = wake_hint->load(relaxed);
  if ((hint & Idle::kHighWaits) != 0 && priority != Priority::High) {
    pool_.idle_.answer(Idle::kHighWaits);
    must_look_for_high_ = true;
    must_leave_seat_ = true;
    return true;
  }
  if (must_leave(hint)) {
    must_leave_seat_ = true;
    return true;
  }
  // Anything else waits for as many forks as it would wait for turns of the loop.
  if ((hint & (Idle::kHighWaits | Idle::kOtherWaits)) == 0 || --forks_to_fair_ != 0) return false;
  forks_to_fair_ = kFairTurn;
  pool_.idle_.answer(Idle::kHighWaits | Idle::kOtherWaits);
  turns_to_fair_ = 1;
  has_given_way_ = true;
  must_leave_seat_ = true;
  return true;
}

bool Worker::is_empty_hint() const noexcept {
  return std::all_of(queues_.begin(), queues_.end(), [](const Atomic<RunQueues*>& of) {
    // [worker.queues] acquire: pairs with make_queues().
    const RunQueues* const found = of.load(acquire);
    return found == nullptr || found->is_empty_hint();
  });
}

std::size_t Worker::visible_jobs() const noexcept {
  std::size_t sum = 0;
  for (std::size_t of = 0; of < kPriorities; ++of) sum += visible_jobs(of);
  return sum;
}

std::size_t Worker::visible_jobs(std::size_t of) const noexcept {
  // [worker.queues] acquire: pairs with make_queues().
  const RunQueues* const found = queues_[of].load(acquire);
  return found == nullptr ? 0 : found->size_hint();
}

Job* Worker::steal_for(Worker& thief, std::size_t of) noexcept {
  // [worker.queues] acquire: pairs with make_queues().
  RunQueues* const found = queues_[of].load(acquire);
  if (found == nullptr) return nullptr;
  if (Job* const job = thief.steal_from(found->fork)) return job;
  if (Job* const job = thief.steal_share_of(found->spawned, of)) return job;
  return thief.steal_from(found->yielded);
}

/// Half of what is there, up to a limit, moves at once, so that thief and victim meet once per batch and not once per job. Others
/// find the rest of it here as well as there.
Job* Worker::steal_share_of(SpawnDeque& deque, std::size_t of) noexcept {
  std::array<Job*, SpawnDeque::kMostStolen> jobs;
  RunQueues* const mine = queues_with_room(of, jobs.size() - 1);
  const std::size_t most = mine != nullptr ? jobs.size() : 1;
  for (;;) {
    const StealSome stolen = deque.steal_half(most, [&jobs](std::size_t i, Job* job) { jobs[i] = job; });
    if (stolen.status == StealStatus::Empty) return nullptr;
    if (stolen.status == StealStatus::Got) {
      steals_.add(stolen.count);
      small_gets_ = stolen.count < jobs.size() ? small_gets_ + 1 : 0;
      if (const std::size_t rest = stolen.count - 1; rest != 0) {
        mine->spawned.push_chain_reserved(rest, [&](std::size_t i) { return jobs[rest - i]; });  // the oldest on top again
        notify_work(*this);
      }
      return jobs[0];
    }
    steals_failed_.add();
  }
}

Job* Worker::steal_from(JobDeque& deque) noexcept {
  for (;;) {
    const Steal<Job> stolen = deque.steal();
    if (stolen.status == StealStatus::Empty) return nullptr;
    if (stolen.status == StealStatus::Got) {
      steals_.add();
      return stolen.item;
    }
    steals_failed_.add();
  }
}

Job* Worker::steal_fork_of(WorkerContext& victim, Priority& from) noexcept {
  if (victim.domain != domain) return nullptr;
  for (std::size_t of = 0; of < kPriorities; ++of) {
    // [worker.queues] acquire: pairs with make_queues().
    RunQueues* const found = static_cast<Worker&>(victim).queues_[of].load(acquire);
    if (found == nullptr) continue;
    if (Job* const job = steal_from(found->fork)) {
      from = static_cast<Priority>(of);
      return job;
    }
  }
  return nullptr;
}

void Worker::put_back(Job* job, Priority at) noexcept {
  RunQueues* const mine = queues_with_room(static_cast<std::size_t>(at), 1);
  if (mine == nullptr) return resume_job(job);  // better here than never
  mine->spawned.push(job);
  notify_work(*this);
}

// ---- running ----

bool Worker::prepare() noexcept {
  if (make_queues(static_cast<std::size_t>(Priority::Normal)) == nullptr) return false;
  const PinningPlan& plan = pool_.config_.plan;
  if (has_victims_ || index >= plan.pus.size()) return true;
  try {
    victims_ = Victims(pool_.config_.machine, plan, index);
  } catch (const std::bad_alloc&) {
    return false;
  }
  has_victims_ = true;
  return true;
}

void Worker::enter() noexcept {
  static_cast<void>(detail::set_current_worker(this));
  trampoline_outside_ = detail::slot_trampoline();
  detail::set_slot_trampoline(&loop_);
  priority = Priority::Normal;
  fork_deque = &queues(static_cast<std::size_t>(Priority::Normal))->fork;  // prepare() has made them
  spawn_deque = &queues(static_cast<std::size_t>(Priority::Normal))->spawned;
  must_leave_seat_ = false;
  // relaxed: a hint for the monitor.
  runner_.store(thread_number(), relaxed);
  awaited = nullptr;
  awaiting = nullptr;
}

void Worker::leave() noexcept {
  count_off(*this);
  run_by_ = RunBy::OwnThread;
  detail::set_slot_trampoline(trampoline_outside_);
  // relaxed: as in enter().
  runner_.store(0, relaxed);
  static_cast<void>(detail::set_current_worker(nullptr));
}

WEFT_ALWAYS_INLINE void Worker::execute(Found found) noexcept {
  if (const auto now = static_cast<Priority>(found.priority); now != priority) [[unlikely]] {
    RunQueues* const mine = make_queues(found.priority);
    priority = now;
    // Out of memory: its children go where those of the last priority go, which is in nobody's way.
    if (mine != nullptr) fork_deque = &mine->fork;
  }
  if (ended.counter != nullptr && found.job->mark != ended.counter) count_off(*this);
  jobs_.add();
  for (Job* job = found.job; job != nullptr;) {
    loop_.running = job;
    loop_.next = nullptr;
    handle_of(job).resume();
    job = loop_.next;
  }
}

void Worker::run_thread() noexcept {
  bind();
  unblock_faults_here();
  if (pool_.monitor_.watches_unmarked()) unblock_questions_here();
  enter();
  if (poller != nullptr) parker.sleep_in(*poller);  // an only guest was here before there was a thread
  // The first wake-up has counted this worker as searching (I3).
  Found found = search_first();
  while (found) {
    execute(found);
    // relaxed: a hint; the lock decides.
    if ((wake_hint->load(relaxed) & (Idle::kTooMany | Idle::kLeaving)) != 0 && try_rest(found)) [[unlikely]] continue;
    found = find_more_work();
    if (!found) found = sleep_until_work();
  }
  begin_idle_time();
  frames.trim();
  fibers.trim();
  leave();
  // relaxed: statistics.
  processor_.store(kNoProcessor, relaxed);
  timed_park_.end();
}

Worker::Found Worker::search_first() noexcept {
  end_idle_time();
  if (const Found found = search()) return found;
  static_cast<void>(pool_.idle_.stop_searching());
  return sleep_until_work();
}

/// A guest minds only what its root waits for: the forks below it, and, if it or a task below it has suspended for a counter, the plain
/// jobs of that counter and then the task itself. Other spawned work may take long after the root has ended, or want a lock
/// that the guest's thread holds: that is for the seat's own thread.
Worker::Found Worker::find_for_guest() noexcept {
  if (must_give_way()) return {};
  for (std::size_t of = 0; of < kPriorities; ++of) {
    RunQueues* const mine = queues(of);
    if (mine == nullptr) continue;
    if (mine->fork.size_hint() != 0) {
      if (Job* const fork = mine->fork.pop()) return {fork, of};
    }
    Job* const job = mine->spawned.pop();
    if (job == nullptr) continue;
    if (job == awaiting) {
      awaited = nullptr;
      awaiting = nullptr;
      return {job, of};
    }
    if (awaited != nullptr && job->mark == awaited) return {job, of};
    mine->spawned.push(job);  // there is room: it was there before
    return {};
  }
  if (ended.counter == nullptr) return {};
  count_off(*this);  // which may wake the task
  return find_for_guest();
}

void Worker::run_as_guest(Job* first, const Atomic<std::uint32_t>& done) noexcept {
  end_idle_time();
  enter();
  run_by_ = RunBy::Guest;
  const auto normal = static_cast<std::size_t>(Priority::Normal);
  for (Found found{first, normal}; found;) {
    execute(found);
    // [run.done] acquire: pairs with the store by which the root says it has ended.
    if (done.load(acquire) != 0 || must_leave_seat_) break;
    found = find_for_guest();
  }
  leave();
  begin_idle_time();
}

void Worker::run_as_only_guest(const Atomic<std::uint32_t>& done, std::chrono::steady_clock::time_point deadline) noexcept {
  constexpr std::chrono::milliseconds kLookAgain{1};
  constexpr auto kNever = std::chrono::steady_clock::time_point::max();
  end_idle_time();
  enter();
  run_by_ = RunBy::OnlyGuest;
  while (deadline == kNever || std::chrono::steady_clock::now() < deadline) {
    Found found = find_more_work();
    if (!found && pool_.has_arenas()) found = find_in_other_arenas();
    if (found) {
      execute(found);
      continue;
    }
    if (wake_due_of_all()) continue;
    // [run.done] acquire: as above.
    if (done.load(acquire) != 0) break;
    futex_wait_for(done, 0, kLookAgain);
  }
  leave();
  begin_idle_time();
}

bool Worker::run_for_a_step() noexcept {
  constexpr std::chrono::milliseconds kLongest{1};  // the loop that it lives in has other things to do
  constexpr int kJobsBetweenLooks = 4;
  end_idle_time();
  enter();
  const auto until = std::chrono::steady_clock::now() + kLongest;
  bool is_more = true;
  for (int jobs = 1; is_more; ++jobs) {
    const Found found = find_more_work();
    is_more = static_cast<bool>(found);
    if (is_more) execute(found);
    if (jobs % kJobsBetweenLooks == 0 && std::chrono::steady_clock::now() >= until) break;
  }
  wake_due(Poller::Before::Work);  // hands over what was begun
  leave();      // counts off, which may wake somebody
  begin_idle_time();
  return is_more || has_own_from(0);
}

WorkerStats Worker::stats() const noexcept {
  WorkerStats stats;
  stats.jobs = jobs_.get();
  stats.steals = steals_.get();
  stats.steals_remote = steals_remote_.get();
  stats.steals_failed = steals_failed_.get();
  stats.parks = parks_.get();
  // relaxed: statistics.
  if (const unsigned processor = processor_.load(relaxed); processor != kNoProcessor) stats.processor = processor;
  stats.idle = std::chrono::nanoseconds(idle_ns_hint(now_ns()));
  return stats;
}

}  // namespace weft::inline v0
