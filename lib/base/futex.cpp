#include "base/futex.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <climits>
#include <ctime>

namespace weft::inline v0 {

namespace {

/// @param word  32 bits, or 64 of which the low half, which is the first in memory, counts
template <class T>
long futex(const Atomic<T>* word, int op, std::uint32_t value, const timespec* timeout = nullptr, std::uint32_t bits = 0) noexcept {
  static_assert(sizeof(Atomic<T>) == sizeof(T), "the kernel reads the word itself");
  static_assert(std::endian::native == std::endian::little);
  return ::syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(word), op | FUTEX_PRIVATE_FLAG, value, timeout,
                   nullptr, bits);
}

timespec timespec_of(std::chrono::nanoseconds span) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  return {seconds.count(), (span - seconds).count()};
}

bool register_membarrier() noexcept {
  const long known = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (known < 0 || (known & MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return false;
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace

void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  futex(&word, FUTEX_WAIT, expected);
}

void futex_wait_for(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                    std::chrono::nanoseconds timeout) noexcept {
  const timespec limit = timespec_of(timeout);
  futex(&word, FUTEX_WAIT, expected, &limit);
}

bool futex_wait_until(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t until_ns) noexcept {
  // Of those operations that take a time, this one takes a point of it and not a span. steady_clock is CLOCK_MONOTONIC, which it goes by.
  const timespec limit = timespec_of(std::chrono::nanoseconds(until_ns));
  return futex(&word, FUTEX_WAIT_BITSET, expected, &limit, FUTEX_BITSET_MATCH_ANY) == 0 || errno != ETIMEDOUT;
}

void futex_wait_for(const Atomic<std::uint64_t>& word, std::uint64_t expected,
                    std::chrono::nanoseconds timeout) noexcept {
  const timespec limit = timespec_of(timeout);
  futex(&word, FUTEX_WAIT, static_cast<std::uint32_t>(expected), &limit);
}

void futex_wake(const Atomic<std::uint32_t>* word, int count) noexcept { futex(word, FUTEX_WAKE, static_cast<std::uint32_t>(count)); }
void futex_wake(const Atomic<std::uint64_t>* word, int count) noexcept { futex(word, FUTEX_WAKE, static_cast<std::uint32_t>(count)); }

bool has_asymmetric_fence() noexcept {
  static const bool works = register_membarrier();
  return works;
}

void heavy_fence() noexcept {
  // [idle.announce] seq_cst: the sleeper's announcement before its last look; partner: [idle.push_a], which is light_fence() together
  // with the membarrier, or full_fence(): in Pool::notify_from_outside(), and in Pool::work_added() where there is none.
  full_fence();
  if (has_asymmetric_fence()) ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace weft::inline v0
