#include "support/hop.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace perf {
namespace {

std::vector<int> first_two_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<int> found;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return found;
  for (int i = 0; i < CPU_SETSIZE && found.size() < 2; ++i) {
    if (CPU_ISSET(i, &allowed)) found.push_back(i);
  }
  return found;
}

bool bind_this_thread(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  return pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
}

/// Two threads that hand a number to each other, which each makes larger by one.
class Exchange {
 public:
  /// Returns the time of one hand-over in the fastest round, in ns; 0 if the threads could not be bound to different processors.
  double measure(int first, int second) {
    std::thread other([this, second] { answer(second); });
    std::thread one([this, first] { serve(first); });
    one.join();
    other.join();
    return best_;
  }

 private:
  static constexpr int kRounds = 20;  // in some of them another program has a processor
  static constexpr int kTripsPerRound = 100;

  void serve(int processor) {
    if (!bind_this_thread(processor)) return has_given_up_.store(true, std::memory_order_relaxed);
    double best = 1e9;
    for (int number = 0; number < 2 * kRounds * kTripsPerRound;) {
      const auto begin = std::chrono::steady_clock::now();
      for (int trip = 0; trip < kTripsPerRound; ++trip, number += 2) {
        number_.store(number + 1, std::memory_order_relaxed);
        if (!wait_for(number + 2)) return;
      }
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
      best = std::min(best, took.count() / (2 * kTripsPerRound));
    }
    best_ = best;
  }
  void answer(int processor) {
    if (!bind_this_thread(processor)) return has_given_up_.store(true, std::memory_order_relaxed);
    for (int number = 1; number < 2 * kRounds * kTripsPerRound; number += 2) {
      if (!wait_for(number)) return;
      number_.store(number + 1, std::memory_order_relaxed);
    }
  }
  bool wait_for(int number) const {
    while (number_.load(std::memory_order_relaxed) != number) {
      if (has_given_up_.load(std::memory_order_relaxed)) return false;
    }
    return true;
  }

  alignas(64) std::atomic<int> number_{0};
  alignas(64) std::atomic<bool> has_given_up_{false};
  double best_ = 0;
};

/// Returns 0 where there is no second processor.
double hop_ns() {
  const std::vector<int> processors = first_two_processors();
  return processors.size() < 2 ? 0 : Exchange().measure(processors[0], processors[1]);
}

}  // namespace

Hop::Hop(benchmark::State& state) : state_(state), before_(hop_ns()) {}

Hop::~Hop() {
  if (const double hop = std::max(before_, hop_ns()); hop > 0) state_.counters["hop_ns"] = hop;
}

}  // namespace perf
