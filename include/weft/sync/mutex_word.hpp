/// @file
/// The word of a Mutex, the queue that belongs to whoever holds it, and their transitions. States, table and proof: lib/sync/README.md,
/// "the mutex".
#pragma once

#include <cstdint>

#include <weft/base/arrivals.hpp>
#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Whether a mutex is held, and who waits for it in which order.
///
///   word:  0                   free
///          1                   held; nobody has entered since the holder looked last
///          address of a node   held; this is the newest arrival, and `next` leads to the older ones
///   queue: the holder's own; who gets the mutex next, oldest first
///
/// M1: at each moment there is at most one holder: from the step that makes the word held, or from being handed the mutex, to the
///     step that makes it free, or hands it over.
/// M2: somebody waits only while the mutex is held.
/// M3: the queue is touched by the holder only, and is empty when the mutex is free.
/// M4: whoever is in the queue has entered before every arrival; the queue is in the order of entering, the arrivals in the opposite
///     order.
/// M5: the step to free is the holder's last access, or the one that takes the first off the queue; who has entered touches the
///     mutex no more until it is handed it.
///
/// @tparam Node  has a member `Node* next`
template <class Node, class Policy = HardwareAtomics>
class BasicMutexWord {
 public:
  /// @return  true: the caller is the holder
  [[nodiscard]] bool try_lock() noexcept {
    Word word = kFree;
    // [mutex.free] acquire: what the holders before did, and the queue as the last one left it. Partner: unlock(). relaxed on failure:
    // nothing is learnt from it. Strong: it says that the mutex is held only if it is.
    return word_.compare_exchange_strong(word, kHeld, acquire, relaxed);
  }

  /// @return  true: the caller is the holder; false: `node` has entered, and is going to be handed the mutex
  [[nodiscard]] bool lock_or_enter(Node& node) noexcept {
    static_assert(alignof(Node) > kHeld, "the address of a node is neither of the two numbers");
    // relaxed: the exchanges below validate it.
    Word word = word_.load(relaxed);
    for (;;) {
      if (word == kFree) {
        // [mutex.free] acquire: as in try_lock(). relaxed on failure: looked at again.
        if (word_.compare_exchange_weak(word, kHeld, acquire, relaxed)) return true;
      } else {
        node.next = word == kHeld ? nullptr : reinterpret_cast<Node*>(word);
        // [mutex.enter] release: the node, its link, and this last access come before the holder goes through the arrivals. Partner:
        // take_arrivals(). relaxed on failure: looked at again; a node that is only pointed to is not read.
        if (word_.compare_exchange_weak(word, reinterpret_cast<Word>(&node), release, relaxed)) {
          // ---- the waiter may be running, and the mutex be gone (L4) ----
          return false;
        }
      }
    }
  }

  /// Frees the mutex or hands it over. Pre: the caller is the holder.
  ///
  /// @return  the holder from now on, to be woken; null: the mutex is free
  [[nodiscard]] Node* unlock() noexcept {
    Node* next = queue_;
    if (next == nullptr) [[likely]] {
      Word word = kHeld;
      // [mutex.free] release: what this holder did, the queue, and this last access come before the next one locks the mutex, or
      // destroys it. Partners: try_lock(), lock_or_enter(). relaxed on failure: take_arrivals() looks. Strong: a failure means that
      // there are arrivals.
      if (word_.compare_exchange_strong(word, kFree, release, relaxed)) [[likely]] {
        // ---- the mutex may be gone (L4) ----
        return nullptr;
      }
      next = take_arrivals();
    }
    queue_ = next->next;
    return next;
  }

  /// A snapshot.
  [[nodiscard]] bool is_free() const noexcept {
    // relaxed: nothing is read on the strength of it.
    return word_.load(relaxed) == kFree;
  }

 private:
  using Word = std::uintptr_t;

  static constexpr Word kFree = 0;
  static constexpr Word kHeld = 1;

  /// Takes those who have entered since the last time. Pre: the caller is the holder, there are some, and the queue is empty.
  ///
  /// @return  the oldest, linked in the order of entering
  [[nodiscard]] WEFT_COLD Node* take_arrivals() noexcept {
    // [mutex.enter] acquire: the nodes as those who entered left them. Partner: lock_or_enter(). No release: whoever holds the mutex
    // next gets it by another step.
    const Word word = word_.exchange(kHeld, acquire);
    WEFT_ASSERT(word > kHeld, "a Mutex was unlocked that nobody holds");
    return in_order_of_arrival(reinterpret_cast<Node*>(word));
  }

  typename Policy::template Atomic<Word> word_{kFree};
  // ---- the holder's ----
  typename Policy::template Plain<Node*> queue_{nullptr};
};

}  // namespace weft::inline v0
