#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace raytracer {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};
constexpr std::chrono::seconds kLineEvery{5};
constexpr int kLongestBar = 32;

/// Gives the bar what the words leave of the line: a line that wraps cannot be drawn over.
int bar_width() {
  constexpr int kWords = 45;
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kLongestBar;
  return std::clamp(int{size.ws_col} - kWords, 0, kLongestBar);
}

}  // namespace

ProgressStyle choose_progress_style() {
  const char* terminal = std::getenv("TERM");
  const bool can_draw = terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
  return can_draw && ::isatty(STDERR_FILENO) == 1 ? ProgressStyle::Bar : ProgressStyle::Lines;
}

void Progress::start() {
  if (style_ == ProgressStyle::Silent) return;
  started_ = last_line_ = Clock::now();
  thread_ = std::jthread([this](const std::stop_token& stop) { show_until_stopped(stop); });
}

void Progress::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (style_ == ProgressStyle::Bar) std::fputs("\r\x1b[K", stderr);
}

void Progress::show_until_stopped(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  while (!wakes.wait_for(lock, stop, kShowEvery, [&stop] { return stop.stop_requested(); })) {
    if (!stop.stop_requested()) show();
  }
}

void Progress::show() {
  const Clock::time_point now = Clock::now();
  const bool is_bar = style_ == ProgressStyle::Bar;
  if (!is_bar) {
    // Rarer with time: a night's work is a page of them, not a book.
    if (now - last_line_ < std::max<Clock::duration>(kLineEvery, (now - started_) / 16)) return;
    last_line_ = now;
  }
  // relaxed: see add().
  const auto done = static_cast<double>(pixels_done_.load(std::memory_order_relaxed));
  const auto rays = static_cast<double>(rays_.load(std::memory_order_relaxed));
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const std::string line = describe_progress(done / static_cast<double>(pixels_), seconds, rays,
                                             is_bar ? bar_width() : 0);
  std::fprintf(stderr, is_bar ? "\r%s\x1b[K" : "%s\n", line.c_str());
}

std::string describe_progress(double share, double seconds, double rays, int width) {
  std::string line;
  if (width > 0) {
    const int full = static_cast<int>(share * width);
    line += '[';
    for (int i = 0; i < width; ++i) line += i < full ? '#' : '.';
    line += "] ";
  }
  char text[96];
  std::snprintf(text, sizeof text, "%3d %%  %.2f Mrays/s  ", static_cast<int>(share * 100.0),
                seconds > 0.0 ? rays / seconds * 1e-6 : 0.0);
  line += text;
  const bool is_known = share > 0.0;
  return line + "ETA " + (is_known ? describe_duration(seconds * (1.0 - share) / share) : "-:--");
}

std::string describe_duration(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(std::clamp(seconds, 0.0, 1e9)));
  char text[48];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace raytracer
