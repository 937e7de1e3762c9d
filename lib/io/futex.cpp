#include <weft/io/futex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>

#include "base/futex.hpp"

namespace weft::inline v0 {

namespace {

// Numbers of the kernel that Debian 12's headers do not all have.
constexpr long kSysFutexWaitV = 449;
constexpr std::uint32_t kWord32 = 2;           // FUTEX2_SIZE_U32
constexpr std::uint32_t kOfThisProcess = 128;  // FUTEX2_PRIVATE

struct WordToWaitOn {  // struct futex_waitv
  std::uint64_t value = 0;
  std::uint64_t address = 0;
  std::uint32_t flags = 0;
  std::uint32_t reserved = 0;
};

}  // namespace

namespace detail {

unsigned wake_futex(const void* word, unsigned count, io::FutexScope scope) noexcept {
  const int how = FUTEX_WAKE | (scope == io::FutexScope::Process ? FUTEX_PRIVATE_FLAG : 0);
  const long woken = ::syscall(SYS_futex, word, how, std::min<unsigned>(count, INT_MAX), nullptr, nullptr, 0);
  return woken > 0 ? static_cast<unsigned>(woken) : 0;
}

IoRequest futex_request(const void* word, std::uint32_t expected, io::FutexScope scope) noexcept {
  const std::uint32_t flags = kWord32 | (scope == io::FutexScope::Process ? kOfThisProcess : 0);
  return {.code = IoCode::FutexWait, .fd = static_cast<int>(flags), .address = word, .offset = expected};
}

int BlockingFutexWait::wait() noexcept {
  const std::array<WordToWaitOn, 2> words{{
      {request_.offset, reinterpret_cast<std::uintptr_t>(request_.address), static_cast<std::uint32_t>(request_.fd)},
      {0, reinterpret_cast<std::uintptr_t>(&is_stopped_), kWord32 | kOfThisProcess},
  }};
  for (;;) {
    const long result = ::syscall(kSysFutexWaitV, words.data(), words.size(), 0, nullptr, 0);
    const int error = result >= 0 ? 0 : errno;
    // relaxed: nothing is read that stop() has written.
    if (is_stopped_.load(relaxed) != 0 && (error == EAGAIN || error == EINTR || result == 1)) return ECANCELED;
    if (error != EINTR) return error;
  }
}

void BlockingFutexWait::stop() noexcept {
  // relaxed: the kernel compares the word under its lock.
  is_stopped_.store(1, relaxed);
  futex_wake(&is_stopped_, 1);
}

}  // namespace detail
}  // namespace weft::inline v0
