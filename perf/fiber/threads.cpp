/// @file
/// Threads of the operating system, which has their stacks and switches between them.
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "fiber/cases.hpp"

namespace fibers {
namespace {

// ---- spawn_join: a hundred at a time, and fewer altogether ----

[[maybe_unused]] const bool spawn_join = add_operation("spawn_join", "std-thread", 1, [](benchmark::State& state) {
  static constexpr std::size_t kAtOnce = 100;
  measure(state, perf::size<std::size_t>(10 * kAtOnce, kAtOnce), [](std::size_t count) {
    std::atomic<std::size_t> run{0};
    std::vector<std::thread> batch;
    for (std::size_t left = count; left > 0; left -= std::min(left, kAtOnce)) {
      batch.clear();
      // relaxed: only the number matters.
      for (std::size_t i = 0; i < std::min(left, kAtOnce); ++i) batch.emplace_back([&run] { run.fetch_add(1, std::memory_order_relaxed); });
      for (std::thread& each : batch) each.join();
    }
    return run.load();
  });
});

// ---- ping_pong: with one thread both are bound to the same processor ----

/// Keeps the calling thread, and those that it starts, on the first processor that it may use.
class OneProcessor {
 public:
  OneProcessor() {
    CPU_ZERO(&before_);
    is_known_ = sched_getaffinity(0, sizeof before_, &before_) == 0;
    if (!is_known_) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (!CPU_ISSET(i, &before_)) continue;
      CPU_SET(i, &one);
      break;
    }
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;
  ~OneProcessor() {
    if (is_known_) pthread_setaffinity_np(pthread_self(), sizeof before_, &before_);
  }

 private:
  cpu_set_t before_;
  bool is_known_ = false;
};

std::size_t play(std::size_t hops) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t turn = 0;  // guarded by mutex; it is that of the first if even
  const auto play_as = [&](std::size_t mine) {
    for (std::size_t i = 0; i < hops / 2; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn % 2 == mine; });
      ++turn;
      changed.notify_one();
    }
  };
  std::thread second([&play_as] { play_as(1); });
  play_as(0);
  second.join();
  return turn;
}

std::size_t hop_count() { return perf::size<std::size_t>(20'000, 200); }

[[maybe_unused]] const bool ping_pong_1 = add_operation("ping_pong", "std-thread", 1, [](benchmark::State& state) {
  const OneProcessor here;
  measure(state, hop_count(), play);
});
[[maybe_unused]] const bool ping_pong_2 =
    add_operation("ping_pong", "std-thread", 2, [](benchmark::State& state) { measure(state, hop_count(), play); });

}  // namespace
}  // namespace fibers
