/// @file
/// ThreadMutex: a std::mutex that a fiber cannot keep over a suspension without being found.
#pragma once

#include <mutex>
#include <optional>
#include <source_location>

#include <weft/fiber/stay_here.hpp>

namespace weft::inline v0 {
inline namespace WEFT_ASSERTS_NAMESPACE {

/// A std::mutex, for a few instructions in which nothing is awaited. It blocks the thread, as std::mutex does.
///
/// With internal checks a fiber that suspends while it holds one ends the process with a message: it would unlock it on another thread, and
/// until then block whoever wants it on the thread that it left. To hold a lock over a suspension take a Mutex.
///
/// Threads: any. Lockable, so std::lock_guard and std::unique_lock take it, too; the message has the place where a ThreadLock was made.
/// Cost:    that of std::mutex.
class ThreadMutex {
 public:
  ThreadMutex() = default;
  ThreadMutex(const ThreadMutex&) = delete;
  ThreadMutex& operator=(const ThreadMutex&) = delete;

  void lock(const std::source_location& where = std::source_location::current()) {
    mutex_.lock();
    mark(where);
  }
  [[nodiscard]] bool try_lock(const std::source_location& where = std::source_location::current()) {
    if (!mutex_.try_lock()) return false;
    mark(where);
    return true;
  }
  void unlock() {
#if WEFT_ASSERTS >= 1
    mark_.reset();
#endif
    mutex_.unlock();
  }

 private:
  void mark([[maybe_unused]] const std::source_location& where) noexcept {
#if WEFT_ASSERTS >= 1
    mark_.emplace("a ThreadMutex", where);
#endif
  }

  std::mutex mutex_;
#if WEFT_ASSERTS >= 1
  // ---- guarded by mutex_ ----
  std::optional<StayHere> mark_;
#endif
};

/// Holds a ThreadMutex as long as it lives.
class [[nodiscard("name it: the mutex is unlocked as soon as it is gone")]] ThreadLock {
 public:
  explicit ThreadLock(ThreadMutex& mutex, const std::source_location& where = std::source_location::current()) : mutex_(mutex) {
    mutex_.lock(where);
  }
  ThreadLock(const ThreadLock&) = delete;
  ThreadLock& operator=(const ThreadLock&) = delete;
  ~ThreadLock() { mutex_.unlock(); }

 private:
  ThreadMutex& mutex_;
};

}  // namespace WEFT_ASSERTS_NAMESPACE
}  // namespace weft::inline v0
