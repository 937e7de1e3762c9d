/// @file
/// The word of a Counter and its transitions. States, table and proof: lib/coro/README.md, "the counter".
#pragma once

#include <cstdint>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Count, wait list and the lock of the list, in one word.
///
///   bit  0      locked: somebody changes the list
///   bit  1      waiters: the list is not empty
///   bit  2      error: an exception has been handed over
///   bit  3      seen: and has been thrown to somebody
///   bits 8..63  count
///
/// C1: a waiter enters the list only while count > 0, by the one step that takes the lock.
/// C2: whoever brings count to zero while locked or waiters is set owes the list: it takes the lock, empties the list,
///     and clears both bits with its last access.
/// C3: complete means count == 0 and neither locked nor waiters: nobody will touch the counter for that round again.
///
/// @tparam Node  has a member `Node* next`
template <class Node, class Policy = HardwareAtomics>
class BasicCounterWord {
 public:
  explicit BasicCounterWord(std::uint32_t initial) noexcept : word_(std::uint64_t{initial} * kOne) {}

  void add(std::uint32_t n) noexcept {
    // relaxed: whoever adds holds a count, or is the only user; adding publishes nothing.
    const std::uint64_t before = word_.fetch_add(n * kOne, relaxed);
    // A round that has just ended must be over before the next one takes waiters, or they would be woken by its end.
    if ((before & (kLocked | kWaiters)) != 0 && before / kOne == 0) wait_for_end_of_round();
  }

  /// @return  true: the caller owes the list, and must call finish()
  [[nodiscard]] bool sub(std::uint32_t n) noexcept {
    // [counter.zero] release: what the job did happens before the waiter goes on. acquire: and what the other jobs did,
    // for the one that reaches zero and wakes. Partners: is_complete(), try_register(), and this line in other jobs.
    const std::uint64_t before = word_.fetch_sub(n * kOne, acq_rel);
    WEFT_CHECK(before / kOne >= n, "Counter::sub: more was subtracted than had been added");
    return before / kOne == n && (before & (kLocked | kWaiters)) != 0;
    // ---- unless the caller owes the list, the counter may be gone (L4) ----
  }

  /// Empties the list after a sub() that returned true. The caller wakes what it gets, oldest waiter first.
  [[nodiscard]] Node* finish() noexcept {
    lock();
    Node* newest = list_;
    list_ = nullptr;
    // [counter.unlock] release: the emptied list is visible to the next one to lock it. Last access of this round (C2).
    word_.fetch_and(~(kLocked | kWaiters), release);
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
      if (word / kOne == 0 && (word & (kLocked | kWaiters)) == 0) {
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
    // Only a holder of the lock changes the waiters bit, so `word` is right about it.
    const std::uint64_t change = (word & kWaiters) != 0 ? kLocked : kLocked - kWaiters;
    // [counter.unlock] release: the list, and the waiter itself, happen before the one that wakes it ([counter.lock]).
    word_.fetch_sub(change, release);
    // ---- the waiter may be running, and the counter be gone (L4) ----
    return true;
  }

  [[nodiscard]] bool is_complete() const noexcept {
    // [counter.zero] acquire: pairs with sub(): what the jobs did is visible.
    return (word_.load(acquire) & ~(kError | kSeen)) == 0;
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
  static constexpr std::uint64_t kWaiters = 2;
  static constexpr std::uint64_t kError = 4;
  static constexpr std::uint64_t kSeen = 8;
  static constexpr std::uint64_t kOne = 256;

  void lock() noexcept {
    for (;;) {
      // [counter.lock] acquire: pairs with [counter.unlock].
      if ((word_.fetch_or(kLocked, acquire) & kLocked) == 0) return;
      Policy::spin_pause();
    }
  }

  WEFT_COLD void wait_for_end_of_round() noexcept {
    // relaxed: nothing is read on the strength of it.
    while ((word_.load(relaxed) & (kLocked | kWaiters)) != 0) Policy::spin_pause();
  }

  mutable typename Policy::template Atomic<std::uint64_t> word_;
  Node* list_ = nullptr;  // guarded by the locked bit; newest first
};

}  // namespace weft::inline v0
