/// @file
/// Who searches and who sleeps. The protocol and its proof are in README.md beside this file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>

#include "sched/roster.hpp"
#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/priority.hpp>

namespace weft::inline v0 {

/// The three idle states of the workers: searching, asleep, and neither (busy).
///
/// All transitions happen under one lock: they are rare (a worker runs dry, a sleeper is woken), each is followed by a
/// system call or a search that costs more, and the states need no cleverness to be right. Hot paths read one word
/// without the lock: `wake_hint()`.
///
/// Source: searching and sleeping workers, and the last searcher who wakes another, as in Go's scheduler and tokio's idle set; the
///         asymmetric fence as in folly's and libcds's hazard pointers.
///
/// Only so many workers may be awake at once: as many as there are in open tiers, and one more for each that is blocked in a call. The rest
/// sleep, whatever there is to do. Those of closed tiers are awake in the place of blocked ones only.
///
/// I1: a worker is in exactly one state. searching + asleep <= workers.
/// I2: kSleeper is set in the hint exactly when searching == 0 and a sleeper may be woken (or `always_hint`), whenever the lock is free.
/// I3: a worker that is claimed from the sleepers counts as searching before the claimer lets go of the lock.
template <class Policy>
class BasicIdle {
 public:
  using Hint = typename Policy::template Atomic<std::uint32_t>;

  /// The bits of the hint.
  enum : std::uint32_t {
    kSleeper = 1,     ///< somebody sleeps who may be woken, and nobody searches
    kHighWaits = 2,   ///< a job of high priority was added while nobody was idle
    kOtherWaits = 4,  ///< a job came from outside while nobody was idle
    kTooMany = 8,     ///< more are awake than may be: who has ended a job rests
    kUnwatched = 16,  ///< the monitor rests until work is added
    kLeaving = 32,    ///< somebody is awake whose tier is closed: it rests when it has ended a job
  };

  /// What tells those who are busy of a job of this priority.
  [[nodiscard]] static constexpr std::uint32_t call_for(Priority priority) noexcept {
    return priority == Priority::High ? std::uint32_t{kHighWaits} : std::uint32_t{kOtherWaits};
  }

  /// @param workers      all asleep at first
  /// @param always_hint  pushers take the slow path always: there is no asymmetric fence, so they have to fence
  /// @param most         workers that there may ever be: see add_sleeper()
  BasicIdle(unsigned workers, bool always_hint, unsigned most = 0) : roster_(workers, most), limit_(workers), always_hint_(always_hint) {
    update_hint();
  }

  [[nodiscard]] const Hint& wake_hint() const noexcept { return hint_; }

  /// Tells those who are busy that something waits: `what` is kHighWaits or kOtherWaits. After the job became visible. Or tells pushers that
  /// the monitor rests: kUnwatched.
  void call(std::uint32_t what) noexcept {
    // relaxed: only saves taking the line away from those who read it all the time.
    if ((hint_.load(relaxed) & what) != 0) return;
    // [idle.call] release: the job is visible to the worker that answers.
    hint_.fetch_or(what, release);
  }

  /// Takes a call back: the caller looks for what waits, or has found it.
  void answer(std::uint32_t what) noexcept {
    // relaxed: as above; a call that is overlooked stays for the next one.
    if ((hint_.load(relaxed) & what) == 0) return;
    // [idle.call] acquire: pairs with call().
    hint_.fetch_and(~what, acquire);
  }

  /// busy -> searching, unless as many search already as half of those who might have work for them, or its tier is closed.
  [[nodiscard]] bool try_start_searching(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (is_leaving(worker)) return false;
    const unsigned busy = roster_.awake() - searching_;  // the caller is one of them
    if (searching_ * 2 > busy) return false;
    ++searching_;
    update_hint();
    return true;
  }

  /// searching -> busy. True: it was the last one, so the caller fences and looks whether to wake another ("the baton").
  [[nodiscard]] bool stop_searching() noexcept {
    const std::lock_guard lock(mutex_);
    --searching_;
    update_hint();
    return searching_ == 0 && may_wake();
  }

  /// busy or searching -> asleep. The caller then fences and looks once more before it really sleeps.
  void announce_sleep(unsigned worker, bool was_searching) noexcept {
    const std::lock_guard lock(mutex_);
    if (was_searching) --searching_;
    roster_.fall_asleep(worker);
    update_hint();
  }

  /// asleep -> searching, by the worker itself, which found work in its last look, or that the pool stops.
  ///
  /// @return  false: somebody has claimed it, and its wake-up is on the way; or its tier is closed, and it is not to stop
  [[nodiscard]] bool cancel_sleep(unsigned worker, bool is_stopping) noexcept {
    const std::lock_guard lock(mutex_);
    if (!is_stopping && roster_.is_closed(worker) && roster_.placed() >= extra()) return false;
    if (!roster_.wake_to_run(worker)) return false;
    ++searching_;
    update_hint();
    return true;
  }

  /// asleep -> searching: a timer of the worker is due, or an operation has ended, and by the worker itself, or on its behalf by whoever then unparks it.
  ///
  /// @return  false: somebody has claimed it, or it may not be awake now
  [[nodiscard]] bool try_wake(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (roster_.is_closed(worker) || room() <= 0 || !roster_.wake_to_run(worker)) return false;
    ++searching_;
    update_hint();
    return true;
  }

  /// asleep -> searching, on behalf of the sleeper returned, whom the caller must unpark. Nobody while somebody searches.
  ///
  /// @param rank  of a worker: the lowest is woken; see Roster::wake_best()
  template <class Rank = NoPreference>
  [[nodiscard]] std::optional<unsigned> claim_sleeper(const Rank& rank = {}) noexcept {
    const std::lock_guard lock(mutex_);
    if (searching_ > 0 || !may_wake()) return std::nullopt;
    ++searching_;
    return wake_best(rank);
  }

  /// The same although somebody searches, if one of rank `last` or before sleeps in an open tier: it is wanted, and not just anybody. (README.md,
  /// "arenas")
  template <class Rank>
  [[nodiscard]] std::optional<unsigned> claim_beside_searchers(const Rank& rank, unsigned last) noexcept {
    const std::lock_guard lock(mutex_);
    if (!may_wake()) return std::nullopt;
    const auto best = roster_.best_sleeper(rank, false);
    if (!best || rank(*best) > last || !roster_.wake_to_run(*best)) return std::nullopt;
    ++searching_;
    update_hint();
    return best;
  }

  /// asleep -> busy: a thread from outside takes the sleeper's place (README.md, "guests").
  template <class Rank = NoPreference>
  [[nodiscard]] std::optional<unsigned> claim_for_guest(const Rank& rank = {}) noexcept {
    const std::lock_guard lock(mutex_);
    if (!may_wake()) return std::nullopt;
    return wake_best(rank);
  }

  /// The same for a certain worker, if it sleeps; also one of a closed tier: the caller runs no jobs.
  [[nodiscard]] bool try_claim_for_guest(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if ((!may_wake() && !roster_.is_closed(worker)) || !roster_.wake(worker)) return false;
    update_hint();
    return true;
  }

  /// Lets so many more workers be awake, or, if negative, fewer: in the place of blocked ones. True: somebody may be woken; see allow_another().
  [[nodiscard]] bool allow(int more) noexcept {
    const std::lock_guard lock(mutex_);
    extra_ += more;
    update_hint();
    return searching_ == 0 && may_wake();
  }

  /// Lets so many workers be awake at most, whatever is open, beside those in the place of blocked ones. True: as above; see limit_workers().
  [[nodiscard]] bool set_limit(unsigned count) noexcept {
    const std::lock_guard lock(mutex_);
    limit_ = count;
    update_hint();
    return searching_ == 0 && may_wake();
  }

  /// Opens and closes tiers: those of the first `count` workers are open. True: somebody may be woken; see open_workers().
  [[nodiscard]] bool set_open(unsigned count) noexcept {
    const std::lock_guard lock(mutex_);
    roster_.set_open(count);
    // relaxed: a hint; whoever acts on it takes the lock.
    open_hint_.store(count, relaxed);
    update_hint();
    return searching_ == 0 && may_wake();
  }

  /// Whether the worker looks as if its tier were closed. Spare workers do.
  // relaxed: as above.
  [[nodiscard]] bool is_closed_hint(unsigned worker) const noexcept { return worker >= open_hint_.load(relaxed); }

  /// Whether a worker that is awake has to rest as soon as it can, because its tier is closed and it is in nobody's place.
  [[nodiscard]] bool must_leave(unsigned worker) const noexcept {
    const std::lock_guard lock(mutex_);
    return is_leaving(worker);
  }

  /// busy -> asleep, if more are awake than may be, or the worker's tier is closed and it is in nobody's place. The others need no last look of it:
  /// who may be awake is, or can be woken whether this one is awake or not.
  [[nodiscard]] bool try_rest(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!is_leaving(worker) && !are_too_many()) return false;
    roster_.fall_asleep(worker);
    update_hint();
    return true;
  }

  /// asleep -> gone, unless it has been claimed, or is awake.
  [[nodiscard]] bool try_remove_sleeper(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!roster_.wake(worker)) return false;
    roster_.leave(worker);
    update_hint();
    return true;
  }

  /// asleep -> searching for every sleeper: shutdown.
  template <class Claimed>
  void claim_all(Claimed claimed) {
    const std::lock_guard lock(mutex_);
    while (roster_.asleep() != 0) {
      ++searching_;
      const unsigned worker = roster_.wake_best(NoPreference{}, true);
      update_hint();
      claimed(worker);
    }
  }

  /// A claimed worker will never run: its thread could not be started. searching -> gone. Pushers have relied on it, so the caller claims another.
  void retire(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    --searching_;
    roster_.leave(worker);
    update_hint();
  }

  /// gone -> asleep: a worker that is new, was removed, or has got its thread after all.
  void add_sleeper(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    roster_.join_asleep(worker);
    update_hint();
  }

  /// gone -> busy: a thread from outside takes the seat of a retired worker.
  void revive_for_guest(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    roster_.join_awake(worker);
    update_hint();
  }

  /// Whether somebody searches, or sleeps in an open tier and may be woken.
  [[nodiscard]] bool is_anybody_idle() const noexcept {
    const std::lock_guard lock(mutex_);
    return searching_ != 0 || (room() > 0 && roster_.is_any_open_asleep());
  }

  [[nodiscard]] bool are_all_asleep() const noexcept {
    const std::lock_guard lock(mutex_);
    return roster_.awake() == 0;
  }

  /// Workers that neither search nor sleep.
  [[nodiscard]] unsigned busy() const noexcept {
    const std::lock_guard lock(mutex_);
    return roster_.awake() - searching_;
  }

 private:
  /// How many may be awake beside those of open tiers, because so many are blocked.
  [[nodiscard]] unsigned extra() const noexcept { return static_cast<unsigned>(std::max(extra_, 0)); }
  /// Those of closed tiers that are awake and in nobody's place.
  [[nodiscard]] unsigned leaving() const noexcept { return roster_.awake_closed() - std::min(roster_.placed(), extra()); }
  [[nodiscard]] bool is_leaving(unsigned worker) const noexcept {
    return roster_.is_closed(worker) && (!roster_.is_placed(worker) || roster_.placed() > extra());
  }
  /// Positive: so many more may be awake; negative: so many should rest. Those who leave are neither: nobody waits for them, nor rests for them.
  [[nodiscard]] int room() const noexcept {
    return static_cast<int>(std::min(roster_.open(), limit_)) + extra_ - static_cast<int>(roster_.awake() - leaving());
  }
  [[nodiscard]] bool are_too_many() const noexcept { return room() < 0; }
  [[nodiscard]] bool may_wake_closed() const noexcept { return roster_.asleep_closed() != 0 && roster_.placed() < extra(); }
  [[nodiscard]] bool may_wake() const noexcept {
    return room() > 0 && (roster_.asleep() != roster_.asleep_closed() || may_wake_closed());
  }

  template <class Rank>
  unsigned wake_best(const Rank& rank) noexcept {
    const unsigned worker = roster_.wake_best(rank, may_wake_closed());
    update_hint();
    return worker;
  }

  void update_hint() noexcept {
    WEFT_ASSERT(searching_ <= roster_.awake(), "idle protocol: more workers search than are awake (I1)");
    const bool wanted = always_hint_ || (searching_ == 0 && may_wake());
    // Read-modify-writes, because the other bits change without the lock.
    if (wanted) {
      // [idle.announce] seq_cst: the announcement, before the last look of a sleeper or of the last searcher; a pusher that reads
      // the old value is seen by that look (README.md, "no lost wake-up"). Partners: [idle.push_a], [idle.look_a], [idle.inject].
      hint_.fetch_or(kSleeper, seq_cst);
    } else {
      // [idle.announce] seq_cst: a searcher, or that nobody may be woken, is announced in one order with the last look of whoever leaves work
      // to it. Partners: [idle.push_a], [idle.look_a], [idle.inject].
      hint_.fetch_and(~std::uint32_t{kSleeper}, seq_cst);
    }
    set_bit(kTooMany, are_too_many());
    set_bit(kLeaving, leaving() != 0);
  }

  void set_bit(std::uint32_t bit, bool wanted) noexcept {
    // relaxed: only this lock's holder changes these bits; whoever acts on them takes the lock.
    if (const bool is_set = (hint_.load(relaxed) & bit) != 0; is_set != wanted) hint_.fetch_xor(bit, relaxed);
  }

  // ---- read by every push ----
  alignas(kCacheLine) Hint hint_{0};
  Hint open_hint_{~std::uint32_t{0}};  // changes with the hint, and is read with it
  // ---- guarded by mutex_ ----
  alignas(kCacheLine) mutable typename Policy::Mutex mutex_;
  Roster roster_;
  unsigned limit_;
  int extra_ = 0;  // below zero for a moment where a call ends before it was compensated
  unsigned searching_ = 0;
  const bool always_hint_;
};

/// Wakes a sleeper; another, if that one has no thread and none can be had for it. Should nobody sleep, whoever runs takes the work when it runs
/// dry.
///
/// @tparam Host  try_unpark(worker) gives a claimed worker its wake-up, or retires it; rank() says whom to wake first
/// @return  whether somebody was woken
template <class Idle, class Host>
bool wake_one(Idle& idle, Host host) noexcept {
  while (const auto sleeper = idle.claim_sleeper(host.rank())) {
    if (host.try_unpark(*sleeper)) return true;
  }
  return false;
}

/// How a searcher that has found a job becomes busy: if it was the last, it looks for work that pushers have left to it, and hands the
/// baton on if there is some. Without the look another worker would be woken for each job that comes alone.
///
/// @tparam Host  heavy_fence(); has_visible_work() is the look; wake_one() claims and unparks a sleeper
template <class Idle, class Host>
void become_busy(Idle& idle, Host host) noexcept {
  if (!idle.stop_searching()) return;
  // [idle.announce] seq_cst: the last searcher's word in the hint, before its look at the deques. Partner: [idle.push_a], a
  // pusher's item before its read of the hint.
  host.heavy_fence();
  if (host.has_visible_work()) host.wake_one();
}

/// What is visible is for others. Who relied on the caller has called nobody; so if nobody can be woken, those who are busy are called.
template <class Host>
void leave_visible_work(Host host) noexcept {
  if (host.has_visible_work() && !host.wake_one()) host.call_busy();
}

/// What a worker that has run dry does until it has work again: the sleeping side of the protocol.
///
/// @tparam Host  the worker as the protocol needs it: wants_to_search() says whether it looks around before it sleeps, as it has just looked once;
///               search() looks for work while counted as searching, and calls become_busy() when it finds some; has_visible_work() and
///               is_stopping() are the last look; park() blocks; call_busy() calls those who are busy (README.md, "giving way") for what is visible;
///               park() returns false when a timer of the worker is due before it is woken, or an operation has ended, and wake_due() does what
///               that is for without the seat
/// @param is_resting  it is asleep already, by try_rest(), and does not look
/// @return  what search() found; nothing when the pool stops
template <class Idle, class Host>
auto wait_for_work(Idle& idle, unsigned worker, Host host, bool is_resting = false) noexcept -> decltype(host.search()) {
  bool is_searching = !is_resting && host.wants_to_search() && idle.try_start_searching(worker);
  for (;; is_resting = false) {
    if (is_searching) {
      if (const auto found = host.search()) return found;
    }
    if (!is_resting) {
      host.count_park();
      idle.announce_sleep(worker, is_searching);
    }
    // ---- a guest may have the seat from here: nothing of this worker is touched until it is back (G1) ----
    // [idle.announce] seq_cst: the sleeper's word in the hint, before its last look at the deques. Partner: [idle.push_a], a
    // pusher's item before its read of the hint. And [drain.flag]: what this worker has counted off, before about_to_sleep() looks whether
    // somebody drains the pool. Partner: the full_fence() in Pool::drain_until(), between the flag and the counts.
    host.heavy_fence();
    // Who stops the pool claims all sleepers after having said so: either it finds this one, or this one finds that.
    if (host.is_stopping() && idle.cancel_sleep(worker, true)) {
      if (!host.has_visible_work()) return {};
      is_searching = true;
      continue;
    }
    if (!is_resting && host.has_visible_work()) {
      is_searching = idle.cancel_sleep(worker, false);
      if (is_searching) continue;
      // Its tier is closed, or whoever has claimed it may be a guest, who does not look before it leaves, or have taken it out of the pool.
      leave_visible_work(host);
    }
    host.about_to_sleep();
    while (!host.park()) {
      if (idle.try_wake(worker)) break;
      host.wake_due();  // somebody has the seat, or it is not to be awake: who runs what waited is for others to decide
    }
    is_searching = true;  // I3: whoever claimed this worker has counted it
    if (host.is_stopping()) return {};
  }
}

/// How a guest leaves a seat: in the hands of the seat's own thread if there is something to do, else asleep.
///
/// @tparam Host  as above
template <class Idle, class Host>
void give_seat_back(Idle& idle, unsigned worker, bool is_done, Host host) noexcept {
  // Others are busy with what the root needs: the seat's own thread goes on in the caller's place at once.
  if (!is_done && idle.busy() > 1 && idle.try_start_searching(worker)) {
    if (host.try_unpark(worker)) return;
    host.wake_one();
    if (host.has_unknown_wakeup(worker)) host.watch_timers();
    return;
  }
  idle.announce_sleep(worker, false);
  // ---- the seat may be taken again from here (G1) ----
  // [idle.announce] seq_cst: the seat's word in the hint, before the leaving guest's last look at the deques. Partner: [idle.push_a], a
  // pusher's item before its read of the hint.
  host.heavy_fence();
  leave_visible_work(host);
  host.about_to_sleep();
  // The seat's own thread, if it has one, sleeps without knowing of timers that were armed here.
  if (!host.has_unknown_wakeup(worker)) return;
  if (idle.try_wake(worker)) {
    if (host.try_unpark(worker)) return;
    host.wake_one();
  }
  host.watch_timers();
}

/// After more workers may be awake than before: wakes one if there is work, and that one the next.
///
/// @tparam Host  as above
template <class Host>
void wake_for_visible_work(Host host) noexcept {
  // The fence is for what is not seen yet, and costs more than the wake-up. Whoever is woken without it searches, and sees to the rest as the last
  // of those who search.
  if (host.has_visible_work() && host.wake_one()) return;
  // [idle.announce] seq_cst: the sleepers' word in the hint, before the look at the deques: pushers had left their work to those who were
  // awake. Partner: [idle.push_a], a pusher's item before its read of the hint.
  host.heavy_fence();
  if (host.has_visible_work()) host.wake_one();
}

/// Lets one more worker be awake, and wakes it if there is work: while another is blocked.
///
/// @param more   0: it is allowed already, and has only now been added to the sleepers
template <class Idle, class Host>
void allow_another(Idle& idle, Host host, int more = 1) noexcept {
  if (idle.allow(more)) wake_for_visible_work(host);
}

/// Sets how many workers may be awake at most: BasicIdle::set_limit(). If these are fewer than are awake, some rest when they have ended a job.
template <class Idle, class Host>
void limit_workers(Idle& idle, Host host, unsigned count) noexcept {
  if (idle.set_limit(count)) wake_for_visible_work(host);
}

/// Opens and closes tiers: BasicIdle::set_open(). Those of closed tiers rest when they have ended a job, or see that they must.
template <class Idle, class Host>
void open_workers(Idle& idle, Host host, unsigned count) noexcept {
  if (idle.set_open(count)) wake_for_visible_work(host);
}

/// The policy that ships.
struct IdlePolicy : HardwareAtomics {
  using Mutex = std::mutex;
};

using Idle = BasicIdle<IdlePolicy>;

}  // namespace weft::inline v0
