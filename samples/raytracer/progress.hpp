/// @file
/// Tells on standard error how far a picture is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace raytracer {

enum class ProgressStyle : std::uint8_t {
  Silent,
  /// A line now and then, for files and pipes.
  Lines,
  /// One line that is drawn over and over, for terminals.
  Bar,
};

/// Gives Bar if standard error is a terminal that can draw one, else Lines.
[[nodiscard]] ProgressStyle choose_progress_style();

/// Counts finished pixels and rays; a thread of its own shows them.
///
/// Threads: add() any; the rest the one that made it.
class Progress {
 public:
  Progress(std::int64_t pixels, ProgressStyle style) : pixels_(pixels), style_(style) {}
  ~Progress() { stop(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begins to show.
  void start();
  /// Ends it; the bar is wiped away.
  void stop();

  void add(std::int64_t pixels, std::uint64_t rays) noexcept {
    // relaxed: two sums for the eye; nothing is read because of them.
    pixels_done_.fetch_add(pixels, std::memory_order_relaxed);
    rays_.fetch_add(rays, std::memory_order_relaxed);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void show_until_stopped(const std::stop_token& stop);
  void show();

  const std::int64_t pixels_;
  const ProgressStyle style_;
  Clock::time_point started_;
  Clock::time_point last_line_;
  std::atomic<std::int64_t> pixels_done_{0};
  std::atomic<std::uint64_t> rays_{0};
  std::jthread thread_;
};

/// Makes one line of progress, without an end of line: bar if `width` > 0, share, speed, time left.
[[nodiscard]] std::string describe_progress(double share, double seconds, double rays, int width);

/// Makes "1:05" of 65 seconds.
[[nodiscard]] std::string describe_duration(double seconds);

}  // namespace raytracer
