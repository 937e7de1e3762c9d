/// @file
/// The work-stealing deque. The page beside it, lib/queue/README.md, holds the edges and the proof.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// What a thief came back with.
enum class StealStatus : std::uint8_t {
  Got,    ///< `item` is the thief's now
  Lost,   ///< somebody else took it first: there may be more, try again
  Empty,  ///< nothing there at that moment
};

template <class T>
struct Steal {
  StealStatus status;
  T* item;
};

/// What a thief came back with who wanted more than one.
struct StealSome {
  StealStatus status;
  std::size_t count;
};

/// A Chase-Lev deque of pointers: the owner pushes and pops at the bottom, thieves take from the top.
///
/// Pop publishes the new bottom with an exchange instead of a store and a fence: one locked
/// instruction, and no `mfence` (lib/DECISIONS.md, "the deque").
///
/// Thieves may take up to kReach items in one step. The owner therefore takes the newest item only as long as it is out
/// of their reach; the last kReach items are taken oldest first, by everybody.
///
/// Threads:  everything by the owner; `steal`, `is_empty_hint` and `size_hint` by anybody.
/// Lifetime: outgrown rings live as long as the deque, because a thief may still read them.
/// Cost:     push two stores; pop one exchange, or one compare-and-swap within reach; steal one compare-and-swap.
/// Source:   D. Chase, Y. Lev, "Dynamic Circular Work-Stealing Deque", SPAA 2005; the orders after N. M. Le et al., "Correct and
///           Efficient Work-Stealing for Weak Memory Models", PPoPP 2013. The reach is weft's own.
template <class T, class Policy = HardwareAtomics, std::size_t kReach = 1>
class BasicDeque {
 public:
  static constexpr std::size_t kMostStolen = kReach;  ///< in one step

  using Index = std::uint64_t;  // 2^64 pushes do not happen; differences are taken as signed all the same

  /// @param capacity  slots of the first ring, a power of two
  /// @param start     first index; a test starts next to the wrap-around
  /// @param memory    for the rings; it outlives the deque. Null: operator new
  explicit BasicDeque(std::size_t capacity, Index start = 0, std::pmr::memory_resource* memory = nullptr)
      : bottom_(start), memory_(memory), top_(start) {
    Ring* const ring = Ring::make(capacity, nullptr, memory);
    use(ring, start);
    // relaxed: no thief knows this deque yet; whoever publishes the deque publishes the ring with it.
    ring_.store(ring, relaxed);
  }

  BasicDeque(const BasicDeque&) = delete;
  BasicDeque& operator=(const BasicDeque&) = delete;

  ~BasicDeque() {
    // relaxed: nobody else uses the deque any more.
    for (Ring* ring = ring_.load(relaxed); ring != nullptr;) {
      Ring* const older = ring->older;
      Ring::free(ring, memory_);
      ring = older;
    }
  }

  /// Makes room for `count` items, so that pushing them cannot fail. Owner only.
  ///
  /// Errors: as push().
  void reserve(std::size_t count) {
    // relaxed: only the owner writes bottom_.
    if (!has_room(count)) make_room(bottom_.load(relaxed), count);
  }

  /// Whether `count` items fit without growing; a cautious answer. Owner only.
  [[nodiscard]] WEFT_ALWAYS_INLINE bool has_room(std::size_t count) const noexcept {
    // relaxed: only the owner writes bottom_.
    return distance(bottom_.load(relaxed) + count, limit_) >= 0;
  }

  /// Adds at the bottom. Owner only.
  ///
  /// Errors: std::bad_alloc when the ring has to grow and cannot; the deque is unchanged.
  WEFT_ALWAYS_INLINE void push(T* item) {
    push_chain(1, [item](std::size_t) { return item; });
  }

  /// Adds `count` items so that `at(0)` will be popped first; all become visible at once. Owner only. Calls at(0), at(1), ... in
  /// this order.
  ///
  /// Errors: as push(), before any is added.
  template <class At>
  WEFT_ALWAYS_INLINE void push_chain(std::size_t count, At at) {
    if (!has_room(count)) [[unlikely]] reserve(count);
    push_chain_reserved(count, at);
  }

  /// The same when there is room. Owner only.
  template <class At>
  WEFT_ALWAYS_INLINE void push_chain_reserved(std::size_t count, At at) noexcept {
    WEFT_ASSERT_FULL(has_room(count), "a deque was given more items than there was room for: reserve() comes first");
    // relaxed: only the owner writes bottom_.
    const Index b = bottom_.load(relaxed);
    for (std::size_t i = 0; i < count; ++i) {
      // relaxed: [deque.publish] below orders it.
      slots_[(b + count - 1 - i) & mask_].store(at(i), relaxed);
    }
    // [deque.publish] release: the slots above (and all that the items point to) happen before a thief that sees the
    // new bottom in [deque.look].
    bottom_.store(b + count, release);
  }

  /// Takes the newest item, or the oldest if thieves can reach the newest, or null. Owner only.
  [[nodiscard]] T* pop() noexcept {
    // Within reach the claim would be for nothing.
    if (kReach > 1 && size_hint() <= kReach) return pop_oldest();
    const Index b = open_pop();
    // What is popped one after another was pushed, and thus perhaps allocated, long ago.
    // relaxed: only an address.
    if (kReach > 1) WEFT_PREFETCH_READ(slots_[(b - kReach / 4) & mask_].load(relaxed));
    return finish_pop();
  }

  /// Takes the newest item if it is `expected` and beyond the reach of thieves. Owner only.
  ///
  /// @return  false: the pop is still open, and finish_pop() has to complete it. Split so that the hot path of a join is
  ///          a few inline instructions, and everything else one call that ends the caller.
  [[nodiscard]] WEFT_ALWAYS_INLINE bool pop_if(const T* expected) noexcept {
    const Index b = open_pop();
    // [deque.dekker_a] seq_cst: the look that follows the claim of open_pop() in the single order; partner [deque.dekker_b].
    const Index t = top_.load(seq_cst);
    // relaxed: the owner wrote this slot itself.
    return distance(t, b) >= kOutOfReach && slots_[b & mask_].load(relaxed) == expected;
  }

  /// Completes a pop that pop_if() left open: takes whatever pop() would take. Owner only.
  [[nodiscard]] T* finish_pop() noexcept {
    // relaxed: only the owner writes bottom_.
    const Index b = bottom_.load(relaxed);
    // [deque.dekker_a] seq_cst: the look that follows the claim of open_pop() in the single order; partner [deque.dekker_b].
    const Index t = top_.load(seq_cst);
    // relaxed: the owner wrote this slot itself.
    if (distance(t, b) >= kOutOfReach) [[likely]] return slots_[b & mask_].load(relaxed);
    // [deque.publish] release: bottom_ goes back; a thief that reads it must still see earlier slots.
    bottom_.store(b + 1, release);
    return pop_oldest();
  }

  /// Takes the oldest item, or null: the owner stands in line with the thieves. Owner only.
  [[nodiscard]] T* pop_oldest() noexcept {
    for (;;) {
      const Steal<T> got = steal();
      if (got.status != StealStatus::Lost) return got.item;
    }
  }

  /// Takes the oldest item. Anybody but the owner in the middle of a pop.
  [[nodiscard]] Steal<T> steal() noexcept {
    Steal<T> stolen{StealStatus::Empty, nullptr};
    stolen.status = steal_half(1, [&stolen](std::size_t, T* item) { stolen.item = item; }).status;
    return stolen;
  }

  /// Takes the older half of the items, at least one and at most `most` or kReach, in one step. As steal().
  ///
  /// Calls `put(i, item)` for each of them, oldest first, before it is known whether they were taken: see `status`.
  template <class Put>
  [[nodiscard]] StealSome steal_half(std::size_t most, Put put) noexcept {
    // [deque.dekker_b] seq_cst: top_ before bottom_ in the single order; partner [deque.dekker_a].
    // It is also the acquire end of [deque.take].
    Index t = top_.load(seq_cst);
    // [deque.dekker_b] seq_cst: second half, finds the claim of an owner who has not seen this top_; partner [deque.dekker_a].
    // Also the acquire end of [deque.publish] ([deque.look]): the slots below the bottom read here are visible.
    const Index b = bottom_.load(seq_cst);
    const std::int64_t size = distance(t, b);
    if (size <= 0) return {StealStatus::Empty, 0};
    const std::size_t count = std::min({most, kReach, (static_cast<std::size_t>(size) + 1) / 2});
    // [deque.ring] acquire: pairs with [deque.grow]; the slots copied into a bigger ring are visible.
    Ring* const ring = ring_.load(acquire);
    for (std::size_t i = 0; i < count; ++i) {
      // relaxed: ordered by [deque.look] and [deque.ring]. A stale value is possible when the owner has reused the slot,
      // but then top_ has moved on and the exchange below fails.
      put(i, ring->slot(t + i).load(relaxed));
    }
    // Release: the reads of the slots above come before the owner's reuse of them ([deque.reclaim]). relaxed on failure: nothing was learnt.
    // [deque.take] seq_cst: decides who owns the slots, in one order with the owner's claim. Partners: this line on another thread, and
    // [deque.dekker_a], which has to find it in that order.
    if (!top_.compare_exchange_strong(t, t + count, seq_cst, relaxed)) return {StealStatus::Lost, 0};
    return {StealStatus::Got, count};
  }

  /// Whether it looked empty at some moment during the call; for others than the owner a hint.
  [[nodiscard]] bool is_empty_hint() const noexcept {
    // [idle.look_a] seq_cst: a worker about to sleep reads top_ and bottom_ here after its announcement; partner
    // [idle.announce]. Top first: both only grow apart from pops, so a non-empty deque is not called empty.
    const Index t = top_.load(seq_cst);
    // [idle.look_a] seq_cst: the second half of that look; partner [idle.announce].
    const Index b = bottom_.load(seq_cst);
    return distance(t, b) <= 0;
  }

  /// Items at some moment during the call. Owner only for an exact answer.
  [[nodiscard]] std::size_t size_hint() const noexcept {
    // relaxed: a count for statistics and for the demand test of parallel loops.
    const std::int64_t d = distance(top_.load(relaxed), bottom_.load(relaxed));
    return d > 0 ? static_cast<std::size_t>(d) : 0;
  }

 private:
  template <class U>
  using Atomic = typename Policy::template Atomic<U>;

  static constexpr auto kOutOfReach = static_cast<std::int64_t>(kReach);  // from top_: thieves cannot take this one

  struct Ring {
    Atomic<T*>* slots;
    Index mask;
    Ring* older;

    // One block: the slots, and the ring behind them.
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return capacity * sizeof(Atomic<T*>) + sizeof(Ring); }

    static Ring* make(std::size_t capacity, Ring* older, std::pmr::memory_resource* memory) {
      static_assert(alignof(Atomic<T*>) >= alignof(Ring) && alignof(Atomic<T*>) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
      const std::size_t bytes = bytes_for(capacity);
      auto* const slots = static_cast<Atomic<T*>*>(memory != nullptr ? memory->allocate(bytes, alignof(Atomic<T*>)) : ::operator new(bytes));
      std::uninitialized_default_construct_n(slots, capacity);
      return ::new (static_cast<void*>(slots + capacity)) Ring{slots, capacity - 1, older};
    }
    static void free(Ring* ring, std::pmr::memory_resource* memory) noexcept {
      Atomic<T*>* const slots = ring->slots;
      const std::size_t capacity = static_cast<std::size_t>(ring->mask) + 1;
      std::destroy_n(slots, capacity);
      if (memory == nullptr) return ::operator delete(slots, bytes_for(capacity));
      memory->deallocate(slots, bytes_for(capacity), alignof(Atomic<T*>));
    }
    [[nodiscard]] Atomic<T*>& slot(Index i) const noexcept { return slots[i & mask]; }
  };

  static std::int64_t distance(Index from, Index to) noexcept {
    return static_cast<std::int64_t>(to - from);
  }

  /// Claims the newest slot and returns its index.
  WEFT_ALWAYS_INLINE Index open_pop() noexcept {
    // relaxed: only the owner writes bottom_.
    const Index b = bottom_.load(relaxed) - 1;
    // [deque.dekker_a] seq_cst: the claim of slot b comes before the look at top_ in the single order, so that of an
    // owner and a thief who meet at the last item at least one sees the other. Partner: [deque.dekker_b].
    // It is also a release: a thief that reads this value still sees the slots below it ([deque.publish]).
    bottom_.exchange(b, seq_cst);
    return b;
  }

  WEFT_COLD void make_room(Index b, std::size_t count) {
    // [deque.reclaim] acquire: pairs with [deque.take]; the thief's read of a slot below top_ happens before its reuse.
    const Index t = top_.load(acquire);
    const std::size_t used = static_cast<std::size_t>(b - t);
    std::size_t capacity = static_cast<std::size_t>(mask_) + 1;
    if (used + count > capacity) {
      while (used + count > capacity) capacity *= 2;
      // relaxed: the owner wrote it.
      Ring* const bigger = Ring::make(capacity, ring_.load(relaxed), memory_);
      for (Index i = t; i != b; ++i) {
        // relaxed: the owner wrote these slots itself; [deque.grow] publishes the copies.
        bigger->slot(i).store(slots_[i & mask_].load(relaxed), relaxed);
      }
      // [deque.grow] release: the copies above happen before a thief that loads this pointer in [deque.ring]. Relaxed
      // would not do: a thief may have read bottom_ before the next push, and then nothing else orders the copies.
      ring_.store(bigger, release);
      use(bigger, t);
    } else {
      limit_ = t + capacity;
    }
  }

  void use(Ring* ring, Index lowest) noexcept {
    slots_ = ring->slots;
    mask_ = ring->mask;
    limit_ = lowest + ring->mask + 1;
  }

  // ---- written by the owner only ----
  alignas(kCacheLine) Atomic<Index> bottom_;
  Atomic<Ring*> ring_{nullptr};
  // ---- private to the owner; beside bottom_, which it reads at the same time ----
  Index limit_ = 0;  // bottom_ may go up to here: a lower bound of top_, plus the capacity
  Index mask_ = 0;
  Atomic<T*>* slots_ = nullptr;
  std::pmr::memory_resource* const memory_;
  // ---- written by thieves, and by the owner for the last item ----
  alignas(kCacheLine) Atomic<Index> top_;
};

}  // namespace weft::inline v0
