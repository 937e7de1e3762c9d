/// @file
/// Waiting on a 32-bit word, and the heavy half of the asymmetric fence.
#pragma once

#include <chrono>
#include <cstdint>

#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// Sleeps while `word` holds `expected`; may return early for no reason. Process-private.
void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

/// The same for at most `timeout`.
void futex_wait_for(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::chrono::nanoseconds timeout) noexcept;

/// The same until a time on the steady clock, in ns. False: it has come.
bool futex_wait_until(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t until_ns) noexcept;

/// The same for a word of which the kernel sees the low half only: a change of the other half may go unnoticed until the timeout.
void futex_wait_for(const Atomic<std::uint64_t>& word, std::uint64_t expected, std::chrono::nanoseconds timeout) noexcept;

/// Wakes up to `count` sleepers. Only the address is used: the word may be gone already.
void futex_wake(const Atomic<std::uint32_t>* word, int count) noexcept;
void futex_wake(const Atomic<std::uint64_t>* word, int count) noexcept;

/// Whether heavy_fence() works here; asked once, registers the process with the kernel.
[[nodiscard]] bool has_asymmetric_fence() noexcept;

/// Makes every thread of the process execute a full fence before it returns.
///
/// Cost: 0.4 us alone, some 10 us while other threads run. Without kernel support it is an ordinary seq_cst fence, and the
/// light side has to be one too.
void heavy_fence() noexcept;

}  // namespace weft::inline v0
