/// @file
/// Coroutines, fibers and threads that lock a mutex, and how a test knows that they wait.
#pragma once

#include <weft/weft.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft_test {

/// The word of a mutex: 0 free, 1 held, anything else changes with each who enters (lib/sync/README.md).
inline std::uintptr_t word_of(const weft::Mutex& mutex) {
  static_assert(std::is_standard_layout_v<weft::Mutex>, "a mutex begins with its word");
  return reinterpret_cast<const std::atomic<std::uintptr_t>&>(mutex).load();
}

inline bool is_waited_for(const weft::Mutex& mutex) { return word_of(mutex) > 1; }

enum class Kind { Coroutine, Fiber, Thread };

inline const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"coroutine", "fiber", "thread"};
  return kNames[static_cast<int>(kind)];
}

/// A mutex and those who lock it, in each kind on the same worker.
class Parties {
 public:
  weft::Mutex mutex;

  Parties() = default;
  Parties(const Parties&) = delete;
  Parties& operator=(const Parties&) = delete;
  ~Parties() { join(); }

  [[nodiscard]] weft::Runtime& runtime() { return rt_; }

  /// Begins somebody who locks the mutex, calls `enter`, lets others run as long as `stays`, calls `leave`, and unlocks.
  struct Section {
    std::function<void()> enter = [] {};
    std::function<bool()> stays = [] { return false; };
    std::function<void()> leave = [] {};
  };
  void begin(Kind kind, Section section) {
    switch (kind) {
      case Kind::Coroutine: rt_.spawn(coroutine(mutex, std::move(section)), done_); break;
      case Kind::Fiber:
        rt_.spawn_fiber([this, section = std::move(section)] { block(section, [] { weft::this_fiber::yield(); }); }, done_);
        break;
      case Kind::Thread:
        threads_.emplace_back([this, section = std::move(section)] { block(section, [] { std::this_thread::yield(); }); });
        break;
    }
  }

  /// The same, and comes back when it waits. Pre: the mutex is held, and stays so.
  void begin_to_wait(Kind kind, Section section) {
    const std::uintptr_t before = word_of(mutex);
    begin(kind, std::move(section));
    while (word_of(mutex) == before) std::this_thread::yield();
  }

  /// Comes back when all have ended.
  void join() {
    done_.wait();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  static weft::Task<> coroutine(weft::Mutex& mutex, Section section) {
    const weft::MutexLock lock = co_await mutex.lock();
    section.enter();
    for (bool stays = section.stays(); stays; stays = section.stays()) co_await weft::yield();
    section.leave();
  }

  template <class Yield>
  void block(const Section& section, Yield yield) {
    const weft::MutexLock lock = mutex.lock_blocking();
    section.enter();
    while (section.stays()) yield();
    section.leave();
  }

  weft::Runtime rt_{{.workers = 1}};
  weft::Counter done_;
  std::vector<std::thread> threads_;
};

}  // namespace weft_test
