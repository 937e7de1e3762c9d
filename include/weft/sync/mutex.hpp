/// @file
/// Mutex: one at a time, for coroutines, fibers and threads together; who has to wait is suspended.
#pragma once

#include <coroutine>
#include <utility>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/waiter.hpp>
#include <weft/sync/mutex_word.hpp>

namespace weft::inline v0 {

class Mutex;

/// Holds a Mutex until it is unlocked or destroyed. Can be moved, to another thread as well; what was moved from holds nothing.
class [[nodiscard("name it: the mutex is unlocked as soon as its MutexLock is gone")]] MutexLock {
 public:
  /// Holds nothing.
  MutexLock() noexcept = default;
  MutexLock(MutexLock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
  /// Unlocks what it holds, after it has taken over what `other` holds.
  MutexLock& operator=(MutexLock&& other) noexcept {
    MutexLock taken(std::move(other));
    std::swap(mutex_, taken.mutex_);
    return *this;
  }
  ~MutexLock() {
    if (mutex_ != nullptr) release();
  }

  /// Unlocks the mutex now.
  ///
  /// Post:    it holds nothing.
  /// Threads: any, whoever has locked the mutex.
  /// Resumes: if anybody waits, the one who has waited longest; see Mutex::lock.
  /// Errors:  UsageError when it holds nothing.
  /// Cost:    one atomic instruction when nobody waits.
  void unlock() {
    if (mutex_ == nullptr) [[unlikely]] throw_holds_nothing();
    release();
  }

  [[nodiscard]] bool owns_lock() const noexcept { return mutex_ != nullptr; }
  [[nodiscard]] explicit operator bool() const noexcept { return owns_lock(); }

 private:
  friend class Mutex;

  explicit MutexLock(Mutex* held) noexcept : mutex_(held) {}

  inline void release() noexcept;
  [[noreturn]] WEFT_API WEFT_COLD static void throw_holds_nothing();

  Mutex* mutex_ = nullptr;
};

/// A lock that suspends whoever has to wait, instead of the thread; so it may be held across a `co_await`.
///
/// Coroutines, fibers and threads wait together, **in the order in which they came, without barging**: whoever unlocks hands the mutex to
/// the one who has waited longest, and until that one runs nobody else gets it. So nobody is overtaken, or woken for nothing. The price is
/// throughput where sections are shorter than a hand-over takes: the mutex stands still until the waiter runs. For a few instructions
/// without a `co_await` in them a `std::mutex` is the better lock. More on this: lib/sync/README.md, "why no barging".
///
/// To lock it again while holding it is a deadlock, as is not unlocking it. There is no priority inheritance: a holder keeps its priority
/// whoever waits for it.
///
/// Threads:  any, together with every other member, except destruction.
/// Lifetime: outlives every call of its members; an await is such a call until it has suspended. Whoever has unlocked it, and knows that
///           nobody else is going to use it, may destroy it at once, whoever held it before. Destroying it while somebody holds it or waits
///           for it aborts.
/// Errors:   none but of wrong use. An exception that leaves the section unlocks it, through the MutexLock.
/// Cost:     16 bytes. One atomic instruction to lock it when it is free, one to unlock it when nobody waits. Waiting takes no allocation.
/// Source:   the idea of one word that is free, held, or a list of those who have come since is that of cppcoro's async_mutex.
class Mutex {
 public:
  class LockAwaiter;

  Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  WEFT_API ~Mutex();

  /// Locks the mutex; suspends the coroutine while others hold it: `weft::MutexLock lock = co_await mutex.lock();`
  ///
  /// Pre:      the coroutine does not hold it already.
  /// Resumes:  on the executor it was suspended on, with its priority; a coroutine that was on no worker, inside the unlock that hands it
  ///           the mutex, on the thread that calls it (there is no executor to post it to, L6).
  /// Errors:   none. A stop request does not end the waiting.
  /// Cost:     one atomic instruction when it is free; otherwise one suspension, and no allocation.
  [[nodiscard("co_await it to lock")]] LockAwaiter lock() noexcept;

  /// Locks the mutex in blocking style: suspends the fiber, or blocks the thread, while others hold it.
  ///
  /// Pre:      the caller does not hold it already.
  /// Resumes:  a fiber as a coroutine.
  /// Errors:   UsageError on a worker outside a fiber, whether the mutex is free or not: there, co_await lock().
  [[nodiscard]] WEFT_API MutexLock lock_blocking();

  /// Locks the mutex if it is free; otherwise the MutexLock holds nothing. Anywhere: it does not wait.
  [[nodiscard]] MutexLock try_lock() noexcept { return MutexLock(word_.try_lock() ? this : nullptr); }

 private:
  friend class MutexLock;

  void unlock() noexcept {
    // ---- when it is free, or woken who is the next to hold it, *this may be gone (L4) ----
    if (Waiter* const next = word_.unlock()) [[unlikely]] next->wake(next);
  }

  BasicMutexWord<Waiter> word_;
};

/// What `co_await mutex.lock()` waits with. It is the same in each mode of transfer (coro/transfer.hpp): it hands the thread to nobody.
class [[nodiscard("co_await it to lock")]] Mutex::LockAwaiter {
 public:
  explicit LockAwaiter(Mutex& mutex) noexcept : mutex_(mutex) {}
  LockAwaiter(const LockAwaiter&) = delete;
  LockAwaiter& operator=(const LockAwaiter&) = delete;
  [[nodiscard]] bool await_ready() noexcept { return mutex_.word_.try_lock(); }
  // Lives in: the awaiting frame (L3). Woken by: the unlock that hands over the mutex, exactly once.
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiter_.suspend_here(job_of(awaiting));
    const bool has_entered = !mutex_.word_.lock_or_enter(waiter_);
    // ---- if it has entered, *this may be gone (L4) ----
    return has_entered;
  }
  MutexLock await_resume() noexcept { return MutexLock(&mutex_); }

 private:
  Mutex& mutex_;
  CoroutineWaiter waiter_;
};

inline Mutex::LockAwaiter Mutex::lock() noexcept { return LockAwaiter(*this); }

inline void MutexLock::release() noexcept { std::exchange(mutex_, nullptr)->unlock(); }

}  // namespace weft::inline v0
