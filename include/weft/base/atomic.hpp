/// @file
/// The only header that names std::atomic.
///
/// The protocols that the model checker runs (deque, counter, idle) take their atomics from a policy
/// type; HardwareAtomics is the one that ships. Orders are spelled `relaxed`, `acquire`, ... so that a
/// comment with the edge's name fits beside them.
#pragma once

#include <atomic>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

template <class T>
using Atomic = std::atomic<T>;
/// A word in memory that is shared with the kernel.
template <class T>
using AtomicRef = std::atomic_ref<T>;

// Short names, no access: each use names its edge and partner.
inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
// For the two ends of a store-load pair only: [idle.announce] and [idle.push_a], [idle.look_a], [idle.inject]; [deque.dekker_a] and
// [deque.dekker_b], with [deque.take], which decides beside them; [drain.flag] and itself; [monitor.pace] and itself.
// seq_cst, because nothing weaker keeps a store before a later load. Partner: the other end of the pair, which each use names.
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

/// The light half of an asymmetric fence: keeps the compiler from moving accesses across; the processor's part is done by
/// the other side's heavy_fence() (lib/sched/README.md, "the asymmetric pair").
WEFT_ALWAYS_INLINE void light_fence() noexcept {
  // [idle.push_a] [monitor.pace] seq_cst for the compiler only, because acq_rel would let it move the load up: the item is stored before the hint
  // is read, the call before the pace. Partner: [idle.announce] and [monitor.pace], by heavy_fence() on the other side.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

/// A full fence. ThreadSanitizer does not model it, so no happens-before may rest on it alone: it only serves store-load pairs.
inline void full_fence() noexcept {
  // Of a pusher its item and its look at the hint, of a sleeper its announcement and its last look, of a drainer its flag and the counts, of who
  // begins a blocking call its word and its look at the monitor's pace.
  // [idle.push_a] [idle.announce] [drain.flag] [monitor.pace] seq_cst, because no other fence keeps a store before a later load.
  // Partner: this line on the other side; beside the membarrier where there is one.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

/// Tells the processor that this is a spin loop. Cost: 10 to 140 cycles on x86-64, by the processor.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("isb" ::: "memory");
#endif
}

class Backoff;  // base/backoff.hpp

/// The policy that ships: the processor's own atomics.
struct HardwareAtomics {
  template <class T>
  using Atomic = std::atomic<T>;
  /// Data that the protocol itself guards; the checker looks for races on it.
  template <class T>
  using Plain = T;
  /// Paces a loop that waits for another thread's next step.
  using Backoff = v0::Backoff;
};

}  // namespace weft::inline v0
