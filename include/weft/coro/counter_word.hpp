/// @file
/// The word of a Counter, what its lock guards, and its transitions. States, table and proof: lib/coro/README.md, "the counter".
#pragma once

#include <cstdint>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/backoff.hpp>

namespace weft::inline v0 {

/// Count and state of a counter in one word, and its waiters and its error, which the word's lock guards.
///
///   bit   0       locked: somebody changes the list or the error
///   bit   1       waited: there are waiters on the list, or the first one is entering it
///   bit   2       settled: flips when the sub that found zero and waiters is through with the counter
///   bit   3       error: an error is kept
///   bit   4       seen: and somebody has got it
///   bits  5..31   zero
///   bits 32..63   count
///
/// C1: a waiter enters the list only while the counter is not complete, by the step that takes the lock; `waited` is set from
///     that step on.
/// C2: the sub that leaves count == 0 while `waited` is set has to settle the counter. If count is still zero when it takes the
///     lock, that step ends the round, and all who are on the list belong to it. Otherwise somebody has added meanwhile: the
///     round goes on, and nothing happens. Either way its last step flips `settled`.
/// C3: an add that finds count == 0 and `waited` keeps its count until `settled` has flipped. So there is one settler at a time.
/// C4: complete means count == 0 and not `waited`. Nobody who works with the round or has registered for it touches the
///     counter again.
/// C5: at the end of a round an error that is kept has not been seen: the add that began the round has removed one that had.
///
/// @tparam Node  has a type `Error`, and members `Node* next` and `Error error`
template <class Node, class Policy = HardwareAtomics>
class BasicCounterWord {
 public:
  using Error = typename Node::Error;

  explicit BasicCounterWord(std::uint32_t initial) noexcept : word_(initial * kOne) {}

  void add(std::uint32_t n) noexcept {
    // relaxed: adding publishes nothing; what the counted work did is published by its sub().
    const Word before = word_.fetch_add(n * kOne, relaxed);
    if (count(before) == 0 && (before & (kWaited | kError)) != 0) [[unlikely]] begin_round(before, n);
  }

  /// @return  true: there are waiters, and the caller has to call settle()
  [[nodiscard]] bool sub(std::uint32_t n) noexcept {
    // [counter.zero] release: what the job did happens before whoever finds zero goes on. Partners: is_complete(), look(), and
    // [counter.lock] in settle().
    const Word before = word_.fetch_sub(n * kOne, release);
    WEFT_CHECK(count(before) >= n, "Counter::sub: more was subtracted than had been added");
    // ---- unless this was the last sub of a counter with waiters, it may be gone (L4) ----
    if (count(before) != n || (before & kWaited) == 0) [[likely]] return false;
    return n != 0;
  }

  /// Ends the round, or finds that it goes on (C2).
  ///
  /// @return  those to be woken, oldest first, each with the error of the round
  [[nodiscard]] Node* settle() noexcept {
    Word word;
    if (!lock_unless([](Word now) { return count(now) != 0; }, word)) {
      // [counter.unlock] release: this access comes before the counter's destruction. Whoever has added waits for it (C3).
      word_.fetch_xor(kSettled, release);
      // ---- the counter may be gone (L4) ----
      return nullptr;
    }
    Node* newest = list_;
    list_ = nullptr;
    Error error{};
    Word change = kLocked | kWaited | kSettled;
    if ((word & kError) != 0) {
      error = error_;
      change |= ~word & kSeen;
    }
    unlock(change);
    // ---- the counter may be gone (L4) ----
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* const next = newest->next;
      newest->next = oldest;
      oldest = newest;
      // The last copy is moved, so that the error belongs to the waiters alone when they wake.
      oldest->error = next != nullptr ? error : std::move(error);
      newest = next;
    }
    return oldest;
  }

  /// @return  false: complete; not registered, and `node` has the error of the round that is over
  [[nodiscard]] bool try_register(Node& node) noexcept {
    Word word;
    while (!lock_unless(is_complete_in, word, kLocked | kWaited)) {
      if (look(node)) return false;
      // A new round has begun in between.
    }
    node.next = list_;
    list_ = &node;
    unlock(kLocked);
    // ---- the waiter may be running, and the counter be gone (L4) ----
    return true;
  }

  /// Whether the counter is complete. If it is, `node` gets the error of the round that is over.
  [[nodiscard]] bool look(Node& node) noexcept {
    // [counter.zero] acquire: pairs with sub(): what the jobs did is visible.
    const Word word = word_.load(acquire);
    if (!is_complete_in(word)) return false;
    return (word & kError) == 0 || look_at_error(node);
  }

  [[nodiscard]] bool is_complete() const noexcept {
    // [counter.zero] acquire: pairs with sub(): what the jobs did is visible.
    return is_complete_in(word_.load(acquire));
  }

  /// 0 only if the counter is complete.
  [[nodiscard]] std::uint32_t value() const noexcept {
    // relaxed: a snapshot.
    const Word word = word_.load(relaxed);
    return count(word) == 0 && (word & kWaited) != 0 ? 1 : count(word);
  }

  /// Keeps the error unless there is one that nobody has seen. Pre: the caller holds a count.
  void keep_error(Error error) noexcept {
    const Word word = lock();
    Word change = kLocked;
    if ((word & (kError | kSeen)) != kError) {
      Error seen = error_;
      error_ = std::move(error);
      error = std::move(seen);  // goes after the lock has been given back
      change |= (~word & kError) | (word & kSeen);
    }
    unlock(change);
  }

  /// The error that nobody has seen, if there is one. Pre: nobody else uses the counter.
  [[nodiscard]] Error unseen_error() const noexcept {
    // relaxed: there is no other user, by contract.
    if ((word_.load(relaxed) & (kError | kSeen)) != kError) return Error{};
    return error_;
  }

  /// Pre: complete, and nobody else uses the counter.
  void reset(std::uint32_t n) noexcept {
    error_ = Error{};
    // relaxed: there is no other user, by contract.
    word_.store(n * kOne, relaxed);
  }

 private:
  using Word = std::uint64_t;

  static constexpr Word kLocked = 1;
  static constexpr Word kWaited = 2;
  static constexpr Word kSettled = 4;
  static constexpr Word kError = 8;
  static constexpr Word kSeen = 16;
  static constexpr Word kOne = Word{1} << 32;

  static std::uint32_t count(Word word) noexcept { return static_cast<std::uint32_t>(word / kOne); }
  // The lock does not matter here: who has it at zero, and is no waiter, looks at the error on behalf of a call of its own.
  static bool is_complete_in(Word word) noexcept { return count(word) == 0 && (word & kWaited) == 0; }

  /// Takes the lock, and sets `bits`, once nobody else has it; gives up as soon as `gives_up(word)`.
  ///
  /// @return  whether it has the lock; `word` is what the word was before
  template <class GivesUp>
  [[nodiscard]] bool lock_unless(GivesUp gives_up, Word& word, Word bits = kLocked) noexcept {
    typename Policy::Backoff backoff;
    // relaxed: the exchange below validates it.
    word = word_.load(relaxed);
    while (!gives_up(word)) {
      if ((word & kLocked) != 0) {
        backoff.pause();  // held for a few instructions
        // relaxed: as above.
        word = word_.load(relaxed);
      } else if (
          // [counter.lock] acquire: the list and the error are as the last holder left them ([counter.unlock]), and what the
          // counted jobs did is visible ([counter.zero]). relaxed on failure: looked at again.
          word_.compare_exchange_weak(word, word | bits, acquire, relaxed)) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] Word lock() noexcept {
    Word word;
    static_cast<void>(lock_unless([](Word) { return false; }, word));
    return word;
  }

  /// Flips bits that nobody else changes while the caller has the lock, `locked` among them.
  void unlock(Word change) noexcept {
    // [counter.unlock] release: the list and the error as they are now, and the caller's last access, happen before the next one
    // to lock the word, or to find it complete and destroy it ([counter.lock], [counter.zero]).
    word_.fetch_xor(change, release);
  }

  /// The rest of an add of `n` that found zero: waits until the last round is over, and forgets its error once somebody has it.
  WEFT_COLD void begin_round(Word before, std::uint32_t n) noexcept {
    if (n == 0) return;  // holds no count, so it begins nothing
    if ((before & kWaited) != 0) {
      typename Policy::Backoff backoff;
      Word word = before;
      while (((word ^ before) & kSettled) == 0) {
        backoff.pause();
        // relaxed: nothing is read on the strength of it but bits of this word.
        word = word_.load(relaxed);
      }
      if ((word & kError) == 0) return;
    }
    Error seen{};  // goes after the lock has been given back
    const Word word = lock();
    Word change = kLocked;
    if ((word & (kError | kSeen)) == (kError | kSeen)) {
      seen = error_;
      error_ = Error{};
      change |= kError | kSeen;
    }
    unlock(change);
  }

  WEFT_COLD bool look_at_error(Node& node) noexcept {
    Word word;
    if (!lock_unless([](Word now) { return !is_complete_in(now); }, word)) return false;  // a new round has begun
    Word change = kLocked;
    if ((word & kError) != 0) {
      node.error = error_;
      change |= ~word & kSeen;
    }
    unlock(change);
    return true;
  }

  mutable typename Policy::template Atomic<Word> word_;
  // ---- guarded by the locked bit ----
  typename Policy::template Plain<Node*> list_{nullptr};  // newest first
  typename Policy::template Plain<Error> error_{};
};

}  // namespace weft::inline v0
