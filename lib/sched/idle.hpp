/// @file
/// Who searches and who sleeps. The protocol and its proof are in README.md beside this file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>

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
/// Only so many workers may be awake at once: as many as the pool was made for, and one more for each that is blocked in a call. The rest
/// sleep, whatever there is to do.
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
  };

  /// @param workers      all asleep at first
  /// @param always_hint  pushers take the slow path always: there is no asymmetric fence, so they have to fence
  /// @param most         workers that there may ever be: see add_sleeper()
  BasicIdle(unsigned workers, bool always_hint, unsigned most = 0) : workers_(workers), allowed_(workers), always_hint_(always_hint) {
    sleepers_.reserve(std::max(workers, most));
    for (unsigned index = workers; index-- > 0;) sleepers_.push_back(index);
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

  /// busy -> searching, unless as many search already as half of those who might have work for them.
  [[nodiscard]] bool try_start_searching() noexcept {
    const std::lock_guard lock(mutex_);
    const unsigned busy = workers_ - asleep() - searching_;  // the caller is one of them
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
    sleepers_.push_back(worker);  // capacity was reserved for every worker
    update_hint();
  }

  /// asleep -> searching, by the worker itself, which found work in its last look.
  ///
  /// @return  false: somebody has claimed it, and its wake-up is on the way
  [[nodiscard]] bool cancel_sleep(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!take(worker)) return false;
    ++searching_;
    update_hint();
    return true;
  }

  /// asleep -> searching, on behalf of the sleeper returned, whom the caller must unpark. Nobody while somebody searches.
  [[nodiscard]] std::optional<unsigned> claim_sleeper() noexcept {
    const std::lock_guard lock(mutex_);
    if (searching_ > 0 || !may_wake()) return std::nullopt;
    ++searching_;
    return take_newest();
  }

  /// asleep -> busy: a thread from outside takes the sleeper's place (README.md, "guests").
  [[nodiscard]] std::optional<unsigned> claim_for_guest() noexcept {
    const std::lock_guard lock(mutex_);
    if (!may_wake()) return std::nullopt;
    return take_newest();
  }

  /// The same for a certain worker, if it sleeps.
  [[nodiscard]] bool try_claim_for_guest(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!may_wake() || !take(worker)) return false;
    update_hint();
    return true;
  }

  /// Lets so many more workers be awake, or, if negative, fewer. True: somebody may be woken; see allow_another().
  [[nodiscard]] bool allow(int more) noexcept {
    const std::lock_guard lock(mutex_);
    allowed_ += static_cast<unsigned>(more);  // modulo: a call may end before it was compensated
    update_hint();
    return searching_ == 0 && may_wake();
  }

  /// busy -> asleep, if more are awake than may be. The others need no last look of it: they are enough, and awake.
  [[nodiscard]] bool try_rest(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!are_too_many()) return false;
    sleepers_.push_back(worker);
    update_hint();
    return true;
  }

  /// asleep -> gone, unless it has been claimed, or is awake.
  [[nodiscard]] bool try_remove_sleeper(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    if (!take(worker)) return false;
    --workers_;
    update_hint();
    return true;
  }

  /// asleep -> searching for every sleeper: shutdown.
  template <class Claimed>
  void claim_all(Claimed claimed) {
    const std::lock_guard lock(mutex_);
    while (!sleepers_.empty()) {
      ++searching_;
      claimed(take_newest());
    }
  }

  /// A claimed worker will never run: its thread could not be started. searching -> gone. Pushers have relied on it, so the caller claims another.
  void retire() noexcept {
    const std::lock_guard lock(mutex_);
    --searching_;
    --workers_;
    update_hint();
  }

  /// gone -> asleep: a worker that is new, was removed, or has got its thread after all.
  void add_sleeper(unsigned worker) noexcept {
    const std::lock_guard lock(mutex_);
    ++workers_;
    sleepers_.push_back(worker);
    update_hint();
  }

  /// gone -> busy: a thread from outside takes the seat of a retired worker.
  void revive_for_guest() noexcept {
    const std::lock_guard lock(mutex_);
    ++workers_;
    update_hint();
  }

  [[nodiscard]] bool are_all_asleep() const noexcept {
    const std::lock_guard lock(mutex_);
    return workers_ == asleep();
  }

  /// Workers that neither search nor sleep.
  [[nodiscard]] unsigned busy() const noexcept {
    const std::lock_guard lock(mutex_);
    return workers_ - asleep() - searching_;
  }

 private:
  [[nodiscard]] unsigned asleep() const noexcept { return static_cast<unsigned>(sleepers_.size()); }
  /// Positive: so many more may be awake; negative: so many should rest.
  [[nodiscard]] int room() const noexcept { return static_cast<int>(allowed_ - (workers_ - asleep())); }
  [[nodiscard]] bool may_wake() const noexcept { return !sleepers_.empty() && room() > 0; }
  [[nodiscard]] bool are_too_many() const noexcept { return room() < 0; }

  /// Takes a worker off the sleepers, if it is one.
  [[nodiscard]] bool take(unsigned worker) noexcept {
    const auto found = std::find(sleepers_.begin(), sleepers_.end(), worker);
    if (found == sleepers_.end()) return false;
    sleepers_.erase(found);
    return true;
  }

  unsigned take_newest() noexcept {
    const unsigned worker = sleepers_.back();  // its cache is the warmest
    sleepers_.pop_back();
    update_hint();
    return worker;
  }

  [[nodiscard]] static bool are_different(std::vector<unsigned> workers) noexcept {
    std::sort(workers.begin(), workers.end());
    return std::adjacent_find(workers.begin(), workers.end()) == workers.end();
  }

  void update_hint() noexcept {
    WEFT_ASSERT(asleep() + searching_ <= workers_, "idle protocol: more workers sleep and search than there are (I1)");
    WEFT_ASSERT_FULL(are_different(sleepers_), "idle protocol: a worker is among the sleepers twice (I1)");
    const bool wanted = always_hint_ || (searching_ == 0 && may_wake());
    // Read-modify-writes, because the other bits change without the lock.
    if (wanted) {
      // [idle.announce] seq_cst: the announcement, before the last look of a sleeper or of the last searcher; a pusher that reads
      // the old value is seen by that look (README.md, "no lost wake-up"). Partners: [idle.push_a], [idle.look_a], [idle.inject].
      hint_.fetch_or(kSleeper, seq_cst);
    } else {
      // [idle.announce] seq_cst: a searcher is announced in the same way; partners: [idle.push_a], [idle.look_a], [idle.inject].
      hint_.fetch_and(~std::uint32_t{kSleeper}, seq_cst);
    }
    // relaxed: only this lock's holder changes the bit; whoever acts on it takes the lock.
    if (const bool is_set = (hint_.load(relaxed) & kTooMany) != 0; is_set != are_too_many()) hint_.fetch_xor(kTooMany, relaxed);
  }

  // ---- read by every push ----
  alignas(kCacheLine) Hint hint_{0};
  // ---- guarded by mutex_ ----
  alignas(kCacheLine) mutable typename Policy::Mutex mutex_;
  unsigned workers_;
  unsigned allowed_;
  unsigned searching_ = 0;
  std::vector<unsigned> sleepers_;  // most recent last
  const bool always_hint_;
};

/// Wakes a sleeper; another, if that one has no thread and none can be had for it. Should nobody sleep, whoever runs takes the work when it runs
/// dry.
///
/// @tparam Host  try_unpark(worker) gives a claimed worker its wake-up, or retires it
/// @return  whether somebody was woken
template <class Idle, class Host>
bool wake_one(Idle& idle, Host host) noexcept {
  while (const auto sleeper = idle.claim_sleeper()) {
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

/// What a worker that has run dry does until it has work again: the sleeping side of the protocol.
///
/// @tparam Host  the worker as the protocol needs it: search() looks for work while counted as searching, and calls
///               become_busy() when it finds some; has_visible_work() and is_stopping() are the last look; park() blocks
/// @param is_resting  it is asleep already, by try_rest(), and does not look
/// @return  what search() found; nothing when the pool stops
template <class Idle, class Host>
auto wait_for_work(Idle& idle, unsigned worker, Host host, bool is_resting = false) noexcept -> decltype(host.search()) {
  if (is_resting) {
    // Who stops the pool claims all sleepers after having said so: either it finds this one, or this one finds that.
    if (host.is_stopping() && idle.cancel_sleep(worker)) return {};
    // [drain.flag] seq_cst: what this worker has counted off, before it looks in about_to_sleep() whether somebody drains the pool, of a
    // store-load pair. Partner: the full_fence() in Pool::drain_until(), between the flag and the counts.
    host.heavy_fence();
    host.about_to_sleep();
    host.park();
    if (host.is_stopping()) return {};
  }
  bool is_searching = is_resting || idle.try_start_searching();  // I3: whoever claimed this worker has counted it
  for (;;) {
    if (is_searching) {
      if (const auto found = host.search()) return found;
    }
    host.count_park();
    idle.announce_sleep(worker, is_searching);
    // ---- a guest may have the seat from here: nothing of this worker is touched until it is back (G1) ----
    // [idle.announce] seq_cst: the sleeper's word in the hint, before its last look at the deques. Partner: [idle.push_a], a
    // pusher's item before its read of the hint.
    host.heavy_fence();
    const bool must_look = host.has_visible_work() || host.is_stopping();
    if (must_look && idle.cancel_sleep(worker)) {
      if (host.is_stopping() && !host.has_visible_work()) return {};
      is_searching = true;
      continue;
    }
    // Whoever has claimed it may be a guest, who does not look before it leaves, or have taken it out of the pool.
    if (must_look && host.has_visible_work()) host.wake_one();
    host.about_to_sleep();
    host.park();
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
  if (!is_done && idle.busy() > 1 && idle.try_start_searching()) {
    if (!host.try_unpark(worker)) host.wake_one();
    return;
  }
  idle.announce_sleep(worker, false);
  // ---- the seat may be taken again from here (G1) ----
  // [idle.announce] seq_cst: the seat's word in the hint, before the leaving guest's last look at the deques. Partner: [idle.push_a], a
  // pusher's item before its read of the hint.
  host.heavy_fence();
  if (host.has_visible_work()) host.wake_one();
  host.about_to_sleep();
}

/// Lets one more worker be awake, and wakes it if there is work: while another is blocked.
///
/// @tparam Host  as above
/// @param more   0: it is allowed already, and has only now been added to the sleepers
template <class Idle, class Host>
void allow_another(Idle& idle, Host host, int more = 1) noexcept {
  if (!idle.allow(more)) return;
  // [idle.announce] seq_cst: the sleepers' word in the hint, before the look at the deques: pushers had left their work to those who were
  // awake. Partner: [idle.push_a], a pusher's item before its read of the hint.
  host.heavy_fence();
  if (host.has_visible_work()) host.wake_one();
}

/// The policy that ships.
struct IdlePolicy : HardwareAtomics {
  using Mutex = std::mutex;
};

using Idle = BasicIdle<IdlePolicy>;

}  // namespace weft::inline v0
