/// @file
/// The only header that names std::atomic.
///
/// The protocols that the model checker runs (deque, counter, idle) take their atomics from a policy
/// type; HardwareAtomics is the one that ships. Orders are spelled `relaxed`, `acquire`, ... so that a
/// comment with the edge's name fits beside them.
#pragma once

#include <atomic>

namespace weft::inline v0 {

template <class T>
using Atomic = std::atomic<T>;

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

/// Tells the processor that this is a spin loop; costs some ten cycles on x86-64.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("isb" ::: "memory");
#endif
}

/// The policy that ships: the processor's own atomics.
struct HardwareAtomics {
  template <class T>
  using Atomic = std::atomic<T>;
  static void spin_pause() noexcept { cpu_relax(); }
};

}  // namespace weft::inline v0
