/// @file
/// The word of an Event and its transitions. States, table and proof: lib/sync/README.md, "the event".
#pragma once

#include <cstdint>

#include <weft/base/arrivals.hpp>
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Whether an event is set, and who waits for it.
///
///   word:  0                   not set, and nobody waits
///          1                   set
///          address of a node   not set; this is who came last, and `next` leads to those before
///
/// E1: somebody waits only while the event is not set.
/// E2: the step that sets the event is the setter's last access to it.
/// E3: who has entered touches the event no more.
///
/// @tparam Node  has a member `Node* next`
template <class Node, class Policy = HardwareAtomics>
class BasicEventWord {
 public:
  [[nodiscard]] bool is_set() const noexcept {
    // [event.set] acquire: what was done before the event was set. Partner: set().
    return word_.load(acquire) == kSet;
  }

  /// @return  false: the event is set; true: `node` has entered, and is in the list of whoever sets it
  [[nodiscard]] bool enter_unless_set(Node& node) noexcept {
    static_assert(alignof(Node) > kSet, "the address of a node is neither of the two numbers");
    for (;;) {
      // [event.set] acquire: as in is_set().
      Word word = word_.load(acquire);
      if (word == kSet) return false;
      node.next = reinterpret_cast<Node*>(word);
      // [event.enter] release: the node, its link, and this last access come before the setter walks the list. Partner: set(). relaxed on
      // failure: looked at again.
      if (word_.compare_exchange_weak(word, reinterpret_cast<Word>(&node), release, relaxed)) {
        // ---- the waiter may be running, and the event be gone (L4) ----
        return true;
      }
    }
  }

  /// @return  those who have waited, in the order in which they came, to be woken
  [[nodiscard]] Node* set() noexcept {
    // [event.set] release: what was done before. Partners: is_set(), enter_unless_set(), reset(). [event.enter] acquire: the nodes as those
    // who entered left them.
    const Word word = word_.exchange(kSet, acq_rel);
    // ---- the event may be gone (L4) ----
    return word != kSet ? in_order_of_arrival(reinterpret_cast<Node*>(word)) : nullptr;
  }

  /// @return  whether it was set
  bool reset() noexcept {
    Word word = kSet;
    // [event.set] acquire: as in is_set(). relaxed on failure: nothing is learnt.
    return word_.compare_exchange_strong(word, kUnset, acquire, relaxed);
  }

  [[nodiscard]] bool is_waited_for() const noexcept {
    // relaxed: a snapshot.
    const Word word = word_.load(relaxed);
    return word != kUnset && word != kSet;
  }

 private:
  using Word = std::uintptr_t;

  static constexpr Word kUnset = 0;
  static constexpr Word kSet = 1;

  typename Policy::template Atomic<Word> word_{kUnset};
};

}  // namespace weft::inline v0
