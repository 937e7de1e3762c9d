/// @file
/// One suspended party: a coroutine or a thread (and, with the fiber layer, a fiber), and how to wake it.
#pragma once

#include <cstdint>

#include <weft/base/atomic.hpp>
#include <weft/base/executor.hpp>
#include <weft/base/job.hpp>
#include <weft/base/priority.hpp>

namespace weft::inline v0 {

/// A node in the wait list of a primitive.
///
/// Lifetime: lives in the frame or on the stack of whoever waits, from registration until `wake` has been entered; the
///           waker reads `next` first (L5) and touches nothing of it afterwards (L4).
struct Waiter {
  Waiter* next = nullptr;
  void (*wake)(Waiter*) noexcept = nullptr;
};

/// A suspended coroutine: woken by posting it to the executor it was suspended on.
struct CoroutineWaiter : Waiter {
  JobLink link{};
  Executor* executor = nullptr;  // null: suspended on a thread that is no worker, so the waker resumes it in place
  Priority priority = Priority::Normal;
  unsigned worker = 0;  // that it was suspended on

  /// Remembers where the coroutine runs now, to be woken there. Call it before the waiter is published.
  WEFT_API void suspend_here(Job* coroutine) noexcept;
};

/// A blocked thread.
struct ThreadWaiter : Waiter {
  WEFT_API ThreadWaiter() noexcept;
  /// Sleeps until woken. Cost: a futex wait; no spinning.
  WEFT_API void wait() noexcept;

 private:
  Atomic<std::uint32_t> woken_{0};
};

/// Wakes a whole list, in the order given.
inline void wake_all(Waiter* first) noexcept {
  while (first != nullptr) {
    Waiter* const next = first->next;  // before the wake: the node may be gone after it (L5)
    first->wake(first);
    first = next;
  }
}

}  // namespace weft::inline v0
