#include "sched/monitor.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/futex.hpp"
#include "fiber/fiber_depot.hpp"
#include "sched/pool.hpp"
#include "sched/seat_host.hpp"
#include <weft/mem/frame_cache.hpp>

namespace weft::inline v0 {

namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 1ms;          // a marked call is one of those that last if it is seen again after so long
constexpr auto kFastFor = 64;         // turns after the last marked call
constexpr auto kGoesToRest = 500ms;   // after the last worker was seen busy
constexpr auto kGoesToRestWithTiers = 10ms;  // the same where each look is one more at the tiers
constexpr auto kGoesToRestWithTimers = 2ms;  // the same where a worker that begins to run must not hold its timers up
constexpr auto kBetweenLooksAtDrivers = 400us;  // twice as long is the longest that an end is hidden by a busy owner, with what it takes to wake somebody: 1 ms
constexpr auto kLooksAtDriversFor = 10ms;       // after the last operation was seen
constexpr auto kBetweenQuestions = 1s;
constexpr auto kBetweenTries = 50ms;  // to have a thread that could not be had
constexpr auto kBetweenLimits = 500ms;  // between two looks at the limits of the process: its mask, its cpuset, the quota of its cgroup
constexpr auto kSpareRests = 10s;     // then the thread of a spare worker ends

std::int64_t in_ns(std::chrono::steady_clock::time_point time) noexcept { return time.time_since_epoch().count(); }

}  // namespace

Monitor::Monitor(Pool& pool, const PoolConfig& config)
    : pool_(pool),
      most_(config.spare_workers),
      report_after_(config.report_blocking_after),
      is_asymmetric_(has_asymmetric_fence()),
      tiers_(pool, config.plan, config.spare_workers, config.tiers, config.on_tier_change),
      limits_(config.workers, allowed_cpus(), cpu_limits().quota) {}

/// @param is_urgent  somebody may be blocked already; otherwise a try each 50 ms is enough, for those who add work are many
void Monitor::start(bool is_urgent) noexcept {
  {
    const std::lock_guard lock(pool_.threads_mutex_);
    if (try_start(is_urgent)) return;
    // Nobody opens tiers when they have to be. Under the lock: whoever starts a watcher after this one could not be started has it close them.
    if (!tiers_.has_tiers() || !pool_.idle_.is_closed_hint(pool_.worker_count() - 1)) return;
    static_cast<void>(pool_.idle_.set_open(pool_.worker_count()));
  }
  v0::allow_another(pool_.idle_, Pool::SeatHost{pool_}, 0);  // to wake somebody may take that lock
}

/// False: there is no thread for it.
bool Monitor::try_start(bool is_urgent) noexcept {
  // relaxed: stop() sets it under the lock.
  if (thread_.joinable() || stopping_.load(relaxed) || pool_.is_stepped()) return true;
  if (is_urgent || Clock::now() - refused_last_ >= kBetweenTries) {
    try {
      thread_ = std::thread([this] { run(); });
      pthread_setname_np(thread_.native_handle(), ("watch/" + pool_.config_.name.substr(0, 9)).c_str());
      return true;
    } catch (const std::exception&) {
      refused_last_ = Clock::now();
    }
  }
  // Blocked workers are not replaced; the next that begins a call or adds work tries again.
  pace_.give_up();
  if (must_see_work()) pool_.idle_.call(Idle::kUnwatched);
  return false;
}

void Monitor::stop() noexcept {
  std::thread ended;
  {
    // A worker that has ended the last job may still be on its way out of a wake-up, and about to start the monitor.
    const std::lock_guard lock(pool_.threads_mutex_);
    // [monitor.stop] release: pairs with the loads in run().
    stopping_.store(true, release);
    ended = std::move(thread_);
  }
  if (!ended.joinable()) return;
  static_cast<void>(tell());
  ended.join();
}

/// The monitor when it finds nothing to look at.
struct Monitor::PaceHost {
  const Monitor& monitor;
  std::chrono::nanoseconds turn;
  bool is_until_work = false;

  void heavy_fence() const noexcept { v0::heavy_fence(); }
  [[nodiscard]] bool must_look() const noexcept {
    // [monitor.stop] acquire: pairs with stop(). Who stops it and found it awake has woken nobody.
    return monitor.is_anybody_inside() || monitor.is_any_timer_new() || monitor.tiers_.must_answer() || monitor.stopping_.load(acquire) ||
           monitor.is_any_operation_new() || (is_until_work && monitor.is_needed());
  }
  void sleep(const Pace::Word& word, std::uint32_t value) const noexcept { futex_wait_for(word, value, turn); }
};

void Monitor::run() noexcept {
  pool_.config_.places.unbind();
  int fast_turns = 0;
  busy_last_ = Clock::now();
  pace_.begin();
  if (tiers_.has_tiers()) pool_.open_workers(tiers_.open_workers());  // all are, if there was once no thread for this
  // [monitor.stop] acquire: pairs with stop().
  while (!stopping_.load(acquire)) {
    const auto now = Clock::now();
    fast_turns = look_at_calls() ? kFastFor : std::max(fast_turns - 1, 0);
    if (watches_unmarked() && now - unmarked_last_ >= unmarked_turn()) {
      unmarked_last_ = now;
      if (look_at_unmarked(now)) busy_last_ = now;
      report_blocked(now);
    }
    tiers_looked_ago_ += last_turn_;
    // The load of less than a millisecond says nothing.
    if (tiers_.has_tiers() && (tiers_looked_ago_ >= kGrace || tiers_.must_answer())) {
      tiers_looked_ago_ = {};
      tiers_.look(now);
      if (tiers_.is_anybody_awake()) busy_last_ = now;
    }
    look_at_timers(now);
    look_at_limits(now);
    retry_threads(now);
    end_idle_spares(now);
    give_memory_back(now);
    last_turn_ = is_io_pending_ ? kBetweenLooksAtDrivers : kGrace;
    if (fast_turns != 0 || replaced_ != 0 || tiers_.is_pressing() || next_timer_ <= in_ns(now + kGrace)) {
      pace_.pause([this](const Pace::Word& word, std::uint32_t value) noexcept { futex_wait_for(word, value, last_turn_); });
    } else {
      rest(now);
    }
  }
}

std::chrono::nanoseconds Monitor::unmarked_turn() const noexcept { return std::clamp<std::chrono::nanoseconds>(report_after_ / 4, 1ms, 50ms); }

/// There is nothing that has to be looked at each millisecond.
void Monitor::rest(Clock::time_point now) noexcept {
  // What is not marked is noticed by looking only; and without that, spare threads and stacks that nobody uses go now and then.
  if (!must_see_work()) return pace_.rest(PaceHost{*this, kSpareRests});
  const auto until = [now](TimeNs timer) { return std::chrono::nanoseconds(timer == kNeverNs ? kNeverNs : std::max<TimeNs>(timer - in_ns(now), 0)); };
  const std::chrono::nanoseconds without_timers = tiers_.has_tiers() ? kGoesToRestWithTiers : kGoesToRest;
  const std::chrono::nanoseconds goes_to_rest = next_of_all_ != kNeverNs || is_io_pending_ ? kGoesToRestWithTimers : without_timers;
  if (now - busy_last_ < goes_to_rest) {
    // Who sleeps now may be in a job that lasts when its timer is due.
    const std::chrono::nanoseconds without_io = watches_unmarked() ? unmarked_turn() : kMostRest;
    const std::chrono::nanoseconds turn = is_io_pending_ ? kBetweenLooksAtDrivers : without_io;
    return pace_.rest(PaceHost{*this, std::min({turn, tiers_.busy_turn(), std::max<std::chrono::nanoseconds>(until(next_of_all_), kGrace)})});
  }
  pool_.idle_.call(Idle::kUnwatched);
  pace_.rest(PaceHost{*this, std::min({kMostRest, tiers_.idle_turn(now), until(next_timer_)}), true});
  if (is_needed()) busy_last_ = Clock::now();
}

/// Whether somebody has added work since it said that it rests, or runs, or is about to.
bool Monitor::is_needed() const noexcept {
  // Work before workers: whoever takes what was visible has left the sleepers before, so it is seen in one place or the other.
  // relaxed: the fence of BasicPace::rest() orders it.
  return (pool_.idle_.wake_hint().load(relaxed) & Idle::kUnwatched) == 0 || pool_.has_visible_work() || !pool_.idle_.are_all_asleep();
}

bool Monitor::is_anybody_inside() const noexcept {
  return std::any_of(pool_.seats_.begin(), pool_.seats_.end(),
                     [](const auto& worker) { return BlockingWord::is_inside(worker->blocking.look()); });
}

/// Marked calls. True: there was one.
bool Monitor::look_at_calls() noexcept {
  bool is_anybody_inside = false;
  const unsigned count = pool_.seats_.count();
  try {
    watched_.resize(count);
  } catch (const std::bad_alloc&) {
    return false;
  }
  unsigned replaced = 0;
  for (unsigned i = 0; i < count; ++i) replaced += watched_[i].is_replaced || BlockingWord::is_replaced(pool_.seats_[i].blocking.look()) ? 1 : 0;
  replaced_ = replaced;
  for (unsigned i = 0; i < count; ++i) {
    BlockingWord& word = pool_.seats_[i].blocking;
    const BlockingWord::Seen seen = word.look();
    watched_[i].call_lasts = std::exchange(watched_[i].call, seen) == seen ? watched_[i].call_lasts + last_turn_ : std::chrono::nanoseconds(0);
    if (!BlockingWord::is_inside(seen)) continue;
    is_anybody_inside = true;
    if (watched_[i].call_lasts < kGrace || BlockingWord::is_replaced(seen) || !has_seat_for_another()) continue;
    if (word.try_replace(seen)) allow_another();
  }
  return is_anybody_inside;
}

/// Calls that are not marked. True: somebody runs.
bool Monitor::look_at_unmarked(Clock::time_point now) noexcept {
  bool is_busy = false;
  for (unsigned i = 0; i < watched_.size(); ++i) {
    const Worker& worker = pool_.seats_[i];
    Watched& watched = watched_[i];
    const int thread = worker.runner();
    WorkerSample sample;
    sample.is_busy = thread != 0 && worker.is_busy_hint() && !BlockingWord::is_inside(worker.blocking.look());
    sample.jobs = worker.jobs_begun();
    sample.now_ns = in_ns(now);
    if (sample.is_busy) {
      is_busy = true;
      sample.cpu_ns = cpu_time_of(thread);
      sample.is_off_cpu = is_off_cpu(thread);
    }
    const bool is_stuck = watched.unmarked.is_stuck(sample, report_after_.count());
    if (is_stuck && !std::exchange(watched.is_reported, true)) {
      watched.to_report = std::chrono::nanoseconds(sample.now_ns - watched.unmarked.since_ns());
    }
    watched.is_reported = watched.is_reported && is_stuck;
    if (is_stuck && !watched.is_replaced && has_seat_for_another()) {
      watched.is_replaced = true;
      allow_another();
    } else if (!is_stuck && watched.is_replaced) {
      watched.is_replaced = false;
      static_cast<void>(pool_.idle_.allow(-1));
    }
  }
  return is_busy;
}

/// Sees to it that there is a worker for each that may be awake.
bool Monitor::has_seat_for_another() noexcept {
  if (replaced_ >= most_) return false;
  return pool_.has_seats(pool_.worker_count() + replaced_ + 1);
}

void Monitor::allow_another() noexcept {
  ++replaced_;
  replaced_last_ = Clock::now();
  pool_.allow_another();
}

/// The next timer of a worker that is busy, or whose thread sleeps without knowing of it (a guest has left it, and its tier is closed).
TimeNs Monitor::timer_to_watch(const Worker& worker) const noexcept {
  const TimeNs next = worker.next_timer_hint();
  return next != kNeverNs && (worker.is_busy_hint() || worker.is_unknown_timer(next)) ? next : kNeverNs;
}

/// Fires what is due in the place of workers that do not look themselves. Those that do would only be disturbed.
void Monitor::look_at_timers(Clock::time_point now) noexcept {
  next_of_all_ = kNeverNs;
  next_timer_ = kNeverNs;
  is_io_pending_ = now - io_seen_last_ < kLooksAtDriversFor;
  for (unsigned i = 0; i < watched_.size(); ++i) {
    Worker& worker = pool_.seats_[i];
    const std::uint32_t looks = worker.looks();
    const bool has_looked = std::exchange(watched_[i].looks, looks) != looks;
    if (timer_to_watch(worker) <= in_ns(now) && !has_looked) worker.fire_timers_for(in_ns(now));
    next_timer_ = std::min(next_timer_, timer_to_watch(worker));
    next_of_all_ = std::min(next_of_all_, worker.next_timer_hint());
    if (next_of_all_ != kNeverNs && worker.is_busy_hint()) busy_last_ = now;
    look_into(worker, watched_[i], has_looked, now);
  }
  look_after_interrupts();
  // Before the fence of the rest that follows, if it is to be told.
  for (const auto& worker : pool_.seats_) {
    if (Poller* const poller = worker->poller_for_others()) poller->set_watched(is_io_pending_ || watched_.size() == 1);
  }
}

/// What the kernel has ended is visible to a worker's thread only, when it asks; and that may be in one job for long.
void Monitor::look_into(Worker& worker, Watched& watched, bool has_looked, Clock::time_point now) noexcept {
  Poller* const poller = worker.poller_for_others();
  if (poller == nullptr || watched_.size() == 1) return;  // one worker: nobody could go on with what has ended
  // Without a membarrier nobody is told, for that would be a full fence for each operation.
  if (!is_asymmetric_) is_io_pending_ = true;
  if (!poller->has_pending()) return;
  is_io_pending_ = true;
  io_seen_last_ = now;
  if (!worker.is_busy_hint()) return;  // its thread sleeps in its poller
  busy_last_ = now;
  if (has_looked) return;
  poller->poll_for_owner();
  watched.is_interrupted = poller->wants_owner() && worker.runner() == poller->owner() && interrupt(poller->owner());
  is_interrupted_ = is_interrupted_ || watched.is_interrupted;
}

void Monitor::look_after_interrupts() noexcept {
  if (!std::exchange(is_interrupted_, false)) return;
  // They run, so it takes them some microseconds.
  static constexpr std::chrono::microseconds kUntilHandled{50};
  std::this_thread::sleep_for(kUntilHandled);
  for (unsigned i = 0; i < watched_.size(); ++i) {
    if (std::exchange(watched_[i].is_interrupted, false)) pool_.seats_[i].poller_for_others()->poll_for_owner();
  }
}

/// Whether a worker has operations, and the last look has seen none anywhere.
bool Monitor::is_any_operation_new() const noexcept {
  if (is_io_pending_ || watched_.size() == 1) return false;
  return std::any_of(pool_.seats_.begin(), pool_.seats_.end(), [](const auto& worker) {
    const Poller* const poller = worker->poller_for_others();
    return poller != nullptr && poller->has_pending();
  });
}

/// Whether a worker has a timer that the last look has not counted.
bool Monitor::is_any_timer_new() const noexcept {
  return std::any_of(pool_.seats_.begin(), pool_.seats_.end(), [this](const auto& worker) { return timer_to_watch(*worker) < next_timer_; });
}

/// After others may run in their place: to ask a thread where it is takes time, and so may whoever is told.
void Monitor::report_blocked(Clock::time_point now) noexcept {
  for (unsigned i = 0; i < watched_.size(); ++i) {
    const std::chrono::nanoseconds blocked = std::exchange(watched_[i].to_report, 0ns);
    // To ask interrupts the call, which may not be used to it.
    const int thread = pool_.seats_[i].runner();
    if (blocked == 0ns || thread == 0 || sites_.is_full() || now - asked_last_ < kBetweenQuestions) continue;
    asked_last_ = now;
    try {
      const std::vector<void*> frames = backtrace_of(thread);
      if (!sites_.insert(frames)) continue;
      pool_.report_blocked({i, std::chrono::duration_cast<std::chrono::milliseconds>(blocked), describe(frames)});
    } catch (const std::bad_alloc&) {
      // The report is lost, and the place is reported the next time.
    }
  }
}

/// What workers keep that have slept for long, and the memory of stacks that nobody has used for as long.
void Monitor::give_memory_back(Clock::time_point now) noexcept {
  if (now - cleaned_last_ < kMostRest) return;
  cleaned_last_ = now;
  bool is_trimmed = false;
  for (unsigned i = 0; i < watched_.size(); ++i) {
    const std::int64_t since = pool_.seats_[i].idle_since_hint();
    if (since == 0 || since == watched_[i].trimmed_at || in_ns(now - kMostRest) < since || !pool_.trim_sleeper(i)) continue;
    watched_[i].trimmed_at = since;
    is_trimmed = true;
  }
  if (is_trimmed) frame_memory_collect();
  FiberDepot::clean_unused();
}

/// What others have changed: an administrator, or whoever runs the container.
void Monitor::look_at_limits(Clock::time_point now) noexcept {
  if (now - limits_last_ < kBetweenLimits) return;
  limits_last_ = now;
  try {
    const unsigned before = limits_.limit();
    if (!limits_.look(allowed_cpus(), cpu_limits().quota)) return;
    const unsigned now_allowed = limits_.limit();
    if (now_allowed != before && pool_.config_.on_limit_change) pool_.config_.on_limit_change(before, now_allowed);
    pool_.limits_changed(now_allowed, limits_.processors());
  } catch (const std::exception&) {
    // Out of memory, or of files: the next look may see it.
  }
}

void Monitor::retry_threads(Clock::time_point now) noexcept {
  if ((replaced_ == 0 && !pool_.has_retired()) || now - retried_last_ < kBetweenTries) return;
  retried_last_ = now;
  pool_.retry_threads(replaced_);
}

void Monitor::end_idle_spares(Clock::time_point now) noexcept {
  if (replaced_ != 0 || now - replaced_last_ < kSpareRests) return;
  for (unsigned i = pool_.worker_count(); i < pool_.seats_.count(); ++i) pool_.end_spare(i);
}

}  // namespace weft::inline v0
