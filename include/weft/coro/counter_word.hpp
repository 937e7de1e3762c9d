/// @file
/// The word of a Counter and its transitions. States, table and proof: lib/coro/README.md, "the counter".
#pragma once

#include <cstdint>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Count, wait list and the lock of the list, in one word.
///
///   bit   0       locked: somebody changes the list or the error
///   bit   1       round: flips when the waiters of a round have been taken off the list
///   bit   2       error: an exception has been handed over
///   bit   3       seen: and has been thrown to somebody
///   bits  4..31   waiters: how many are on the list
///   bits 32..63   count
///
/// C1: a waiter enters the list only while count > 0, by the one step that takes the lock.
/// C2: whoever brings count to zero while there are waiters, or while one enters, owes them: it takes the lock, takes
///     exactly those off the list, and leaves with one step that unlocks, counts them off and flips round.
/// C3: complete means count == 0, no waiters and not locked: nobody will touch the counter for that round again.
///
/// @tparam Node  has a member `Node* next`
template <class Node, class Policy = HardwareAtomics>
class BasicCounterWord {
 public:
  explicit BasicCounterWord(std::uint32_t initial) noexcept : word_(std::uint64_t{initial} * kOne) {}

  void add(std::uint32_t n) noexcept {
    // relaxed: adding publishes nothing; what the counted work did is published by its sub().
    const std::uint64_t before = word_.fetch_add(n * kOne, relaxed);
    // Only one round may be ending: with this count still held, the next one cannot reach zero before the last is over.
    if (before / kOne == 0 && is_waited_for(before)) [[unlikely]] wait_for_end_of_round(before);
  }

  /// @return  how many waiters the caller owes a wake-up: unless zero, it must call finish() with the number
  [[nodiscard]] std::uint32_t sub(std::uint32_t n) noexcept {
    // [counter.zero] release: what the job did happens before the waiter goes on. acquire: and what the other jobs did,
    // for the one that reaches zero and wakes. Partners: is_complete(), try_register(), and this line in other jobs.
    const std::uint64_t before = word_.fetch_sub(n * kOne, acq_rel);
    WEFT_CHECK(before / kOne >= n, "Counter::sub: more was subtracted than had been added");
    if (before / kOne != n || !is_waited_for(before)) [[likely]] return 0;
    // ---- if nothing is owed, the counter may be gone (L4) ----
    // Locked at zero: a waiter is entering, since an error is kept by somebody who holds a count.
    return waiters(before) + static_cast<std::uint32_t>(before & kLocked);
  }

  /// Takes the `owed` oldest waiters off the list. The caller wakes what it gets, oldest first.
  [[nodiscard]] Node* finish(std::uint32_t owed) noexcept {
    const std::uint64_t word = lock();
    // Those that wait for the next round already, should somebody have added meanwhile, are the newest, and stay.
    Node* newest = list_;
    Node* last_to_stay = nullptr;
    for (std::uint32_t stay = waiters(word) - owed; stay > 0; --stay) {
      last_to_stay = newest;
      newest = newest->next;
    }
    if (last_to_stay != nullptr) {
      last_to_stay->next = nullptr;
    } else {
      list_ = nullptr;
    }
    // Only a holder of the lock changes round, so `word` is right about it.
    const std::uint64_t flip = (word & kRound) != 0 ? kRound : std::uint64_t{0} - kRound;
    // [counter.unlock] release: the shortened list is visible to the next one to lock it. Last access of this round (C2).
    word_.fetch_sub(kLocked + owed * kWaiter + flip, release);
    // ---- the counter may be gone (L4) ----
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* const next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

  /// @return  false: complete already, not registered
  [[nodiscard]] bool try_register(Node& node) noexcept {
    // relaxed: the exchange below validates it.
    std::uint64_t word = word_.load(relaxed);
    for (;;) {
      if (word / kOne == 0 && !is_waited_for(word)) {
        if (is_complete()) return false;
      } else if (word / kOne == 0 || (word & kLocked) != 0) {
        Policy::spin_pause();  // the lock is held for a few instructions
      } else if (
          // [counter.lock] acquire: the list is as the last holder left it ([counter.unlock]). relaxed on failure:
          // looked at again.
          word_.compare_exchange_weak(word, word | kLocked, acquire, relaxed)) {
        break;
      }
      // relaxed: as above.
      word = word_.load(relaxed);
    }
    node.next = list_;
    list_ = &node;
    // [counter.unlock] release: the list, and the waiter itself, happen before the one that wakes it ([counter.lock]).
    word_.fetch_add(kWaiter - kLocked, release);
    // ---- the waiter may be running, and the counter be gone (L4) ----
    return true;
  }

  [[nodiscard]] bool is_complete() const noexcept {
    // [counter.zero] acquire: pairs with sub(): what the jobs did is visible.
    const std::uint64_t word = word_.load(acquire);
    return word / kOne == 0 && !is_waited_for(word);
  }

  [[nodiscard]] std::uint32_t value() const noexcept {
    // relaxed: a snapshot.
    return static_cast<std::uint32_t>(word_.load(relaxed) / kOne);
  }

  [[nodiscard]] bool has_error() const noexcept {
    // [counter.error] acquire: pairs with keep_error().
    return (word_.load(acquire) & kError) != 0;
  }

  /// An error that nobody has been thrown.
  [[nodiscard]] bool has_unseen_error() const noexcept {
    // relaxed: asked when the counter has no other user left.
    return (word_.load(relaxed) & (kError | kSeen)) == kError;
  }

  void mark_error_seen() const noexcept {
    // relaxed: a note for the destructor, which comes after all users.
    word_.fetch_or(kSeen, relaxed);
  }

  /// Calls `keep` under the lock if there is no error yet. Pre: the caller holds a count.
  template <class Keep>
  void keep_error(Keep keep) noexcept {
    lock();
    // relaxed: only a holder of the lock sets the bit.
    if ((word_.load(relaxed) & kError) == 0) {
      keep();
      // [counter.error] release: what keep() stored is visible to whoever sees the bit.
      word_.fetch_or(kError, release);
    }
    // [counter.unlock] release: as everywhere.
    word_.fetch_and(~kLocked, release);
  }

  void reset(std::uint32_t n) noexcept {
    // relaxed: there is no other user, by contract.
    word_.store(std::uint64_t{n} * kOne, relaxed);
  }

 private:
  static constexpr std::uint64_t kLocked = 1;
  static constexpr std::uint64_t kRound = 2;
  static constexpr std::uint64_t kError = 4;
  static constexpr std::uint64_t kSeen = 8;
  static constexpr std::uint64_t kWaiter = std::uint64_t{1} << 4;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << 32;

  static std::uint32_t waiters(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word % kOne / kWaiter); }

  /// Whether somebody waits, or is about to.
  static bool is_waited_for(std::uint64_t word) noexcept {
    return (word & (kOne - kWaiter + kLocked)) != 0;
  }

  /// @return  the word, as only the holder of the lock may change it but for count
  std::uint64_t lock() noexcept {
    for (;;) {
      // [counter.lock] acquire: pairs with [counter.unlock].
      const std::uint64_t before = word_.fetch_or(kLocked, acquire);
      if ((before & kLocked) == 0) return before;
      Policy::spin_pause();
    }
  }

  WEFT_COLD void wait_for_end_of_round(std::uint64_t word) noexcept {
    // relaxed: nothing is read on the strength of it.
    while (((word_.load(relaxed) ^ word) & kRound) == 0) Policy::spin_pause();
  }

  mutable typename Policy::template Atomic<std::uint64_t> word_;
  typename Policy::template Plain<Node*> list_{nullptr};  // guarded by the locked bit; newest first
};

}  // namespace weft::inline v0
