/// @file
/// futex_wait, futex_wake: words in memory that threads and processes without weft wait on.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <type_traits>

#include <weft/base/atomic.hpp>
#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/io/call.hpp>
#include <weft/io/request.hpp>

namespace weft::inline v0 {
namespace io {

/// Who else knows the word: only threads of this process, or other processes too, which have mapped the same memory.
enum class FutexScope : std::uint8_t { Process, Shared };

/// What the kernel can wait on: four bytes in their place, like an atomic number of 32 bits, signed or not.
template <class T>
concept FutexWord = sizeof(T) == sizeof(std::uint32_t) && alignof(T) == alignof(std::uint32_t) && std::is_standard_layout_v<T>;

}  // namespace io

namespace detail {

[[nodiscard]] WEFT_API IoRequest futex_request(const void* word, std::uint32_t expected, io::FutexScope scope) noexcept;
WEFT_API unsigned wake_futex(const void* word, unsigned count, io::FutexScope scope) noexcept;

/// Waits in a call that blocks, for a kernel whose rings cannot. It waits on two words at once, of which the second is its own.
class BlockingFutexWait {
 public:
  explicit BlockingFutexWait(const IoRequest& request) noexcept : request_(request) {}

  /// @return  0, or the number of an error; ECANCELED: stop() was called
  [[nodiscard]] WEFT_API int wait() noexcept;
  /// Threads: any.
  WEFT_API void stop() noexcept;

 private:
  IoRequest request_;
  Atomic<std::uint32_t> is_stopped_{0};
};

}  // namespace detail

namespace io {

/// Wakes up to `count` of those who wait on the word, in whatever way: tasks of any runtime, threads in a FUTEX_WAIT.
///
/// @return  how many
/// Threads: any. Cost: a system call.
template <FutexWord Word>
unsigned futex_wake(const Word& word, unsigned count = 1, FutexScope scope = FutexScope::Process) noexcept {
  return detail::wake_futex(&word, count, scope);
}

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Waits until somebody wakes who waits on the word (futex_wake, or the system call in a program that knows nothing of weft), if it has the expected
/// value; else it returns at once. It may return for no reason, so it stands in a loop:
///
///     while (word.load(std::memory_order_acquire) == 0) co_await io::futex_wait(word, 0);
///
/// Tasks of one program wait for each other by Event and Counter, which are faster; std::atomic::notify_one() does not wake tasks.
///
/// Threads:  any number may wait on a word.
/// Lifetime: the word stays until it has returned.
/// Errors:   OperationCancelled after a stop request; std::system_error: "futex wait: Bad address"; UsageError on a thread that is no worker;
///           std::bad_alloc.
/// Cost:     as a read by io_uring, since Linux 6.7. Elsewhere a thread for each that waits, as in blocking(), and RuntimeOptions::spare_workers
///           bounds these; before Linux 5.16 it fails with "Function not implemented".
template <FutexWord Word>
Task<> futex_wait(const Word& word, std::uint32_t expected, FutexScope scope = FutexScope::Process) {
  const detail::IoRequest request = detail::futex_request(&word, expected, scope);
  const IoResult<int> woken = co_await detail::IoCall<int>(request, {"futex wait"}).or_error();
  int error = woken.error().value();
  if (error == EINVAL || error == EOPNOTSUPP) {
    detail::BlockingFutexWait call(request);
    StopScope* const here = co_await detail::CurrentScope{};
    const auto stop = [&call]() noexcept { call.stop(); };
    std::optional<std::stop_callback<decltype(stop)>> on_stop;
    if (here != nullptr) on_stop.emplace(here->token(), stop);
    error = co_await blocking([&call]() noexcept { return call.wait(); });
  }
  if (error == ECANCELED) throw OperationCancelled();
  if (error != 0 && error != EAGAIN && error != EINTR) detail::throw_io_error(error, {"futex wait"});
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
