/// @file
/// How long a stress case runs, and the watchdog that ends one which hangs.
#pragma once

#include "support/test_options.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace weft_test {

/// Counts the --seconds of one stress case from its construction.
class StressClock {
 public:
  /// @param soak  so many times as long in the long suite, for a case that goes over everything
  explicit StressClock(double soak = 1) : seconds_(options().seconds * (options().is_long ? soak : 1)) {}

  [[nodiscard]] bool is_over() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() >= seconds_;
  }

 private:
  const double seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Aborts the program with a sentence when progress() is not called for a while.
class Watchdog {
 public:
  /// @param describe  says more for the report; called on another thread
  Watchdog(std::string what, std::chrono::milliseconds patience, std::function<std::string()> describe = {})
      : what_(std::move(what)), patience_(patience), describe_(std::move(describe)) {
    thread_ = std::thread([this] { watch(); });
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void progress() noexcept { count_.fetch_add(1); }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    long seen = count_.load();
    // Twice the patience at worst: the thread looks whether anything has happened since it looked last.
    while (!changed_.wait_for(lock, patience_, [this] { return is_over_; })) {
      const long now = count_.load();
      if (now == seen) {
        std::fprintf(stderr, "watchdog: %s: no progress after %ld for %lld ms (repeat with --seed %llu)\n%s", what_.c_str(),
                     now, static_cast<long long>(patience_.count()), static_cast<unsigned long long>(options().seed),
                     describe_ ? describe_().c_str() : "");
        std::abort();
      }
      seen = now;
    }
  }

  const std::string what_;
  const std::chrono::milliseconds patience_;
  const std::function<std::string()> describe_;
  std::atomic<long> count_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace weft_test
