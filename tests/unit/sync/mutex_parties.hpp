/// @file
/// Coroutines, fibers and threads that lock a mutex, to see in which order they get it.
#pragma once

#include <weft/weft.hpp>

#include "support/waiting.hpp"

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace weft_test {

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
