/// @file
/// Measures whether others stay on time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/weft.hpp>

namespace legacy_port {

struct Lateness {
  std::size_t ticks = 0;
  std::chrono::nanoseconds median{};
  std::chrono::nanoseconds p99{};
  std::chrono::nanoseconds most{};
};

/// A thread that posts a job to the runtime every 5 ms, which notes how late it starts.
///
/// It stands for what timers would do. The jobs have priority high; README.md says what difference
/// that makes. The thread's own lateness does not count.
class Ticker {
 public:
  explicit Ticker(weft::Runtime& runtime);
  ~Ticker() { stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  /// Ends the thread and waits for the last job. Not on a worker.
  void stop();
  /// Pre: stopped.
  [[nodiscard]] Lateness lateness() const;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void note(Clock::time_point posted);

  weft::Runtime& runtime_;
  weft::Counter ticks_;
  std::mutex mutex_;
  std::vector<std::chrono::nanoseconds> delays_;  // guarded by mutex_
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace legacy_port
