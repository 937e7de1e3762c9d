#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stop_token>

namespace file_tree_hash {
namespace {

constexpr std::chrono::milliseconds kDrawEvery{100};
constexpr int kLongestBar = 32;

bool is_terminal() {
  const char* const terminal = std::getenv("TERM");
  const bool can_draw = terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
  return can_draw && ::isatty(STDERR_FILENO) == 1;
}

/// Of the terminal; 0: it does not say.
int count_columns() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? int{size.ws_col} : 0;
}

/// Gives the bar what the words mostly leave of the line, so that it does not change with them.
int bar_width(int columns) {
  constexpr int kWords = 70;
  return std::clamp(columns - kWords, 0, kLongestBar);
}

std::string describe_bytes(double bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text.data();
}

std::string describe_time_left(double seconds) {
  const auto whole = static_cast<unsigned long>(std::min(seconds + 0.5, 359999.0));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60,
                whole % 60);
  return text.data();
}

}  // namespace

std::string describe_progress(const Amount& done, const Amount& all, double seconds, int columns) {
  const double share =
      all.bytes == 0
          ? 0.0
          : std::min(1.0, static_cast<double>(done.bytes) / static_cast<double>(all.bytes));
  std::string line;
  const int width = bar_width(columns);
  if (width > 0) {
    const auto full = static_cast<std::size_t>(share * width);
    line += '[';
    line.append(full, '#').append(static_cast<std::size_t>(width) - full, '.');
    line += "] ";
  }
  const double rate = seconds > 0 ? static_cast<double>(done.bytes) / seconds : 0.0;
  line += std::to_string(done.files);
  line += '/';
  line += std::to_string(all.files);
  line += " files, ";
  line += describe_bytes(static_cast<double>(done.bytes));
  line += " of ";
  line += describe_bytes(static_cast<double>(all.bytes));
  line += ", ";
  line += describe_bytes(rate);
  line += "/s, ETA ";
  line += share > 0 ? describe_time_left(seconds * (1 - share) / share) : "-:--:--";
  if (columns > 0) line.resize(std::min(line.size(), static_cast<std::size_t>(columns) - 1));
  return line;
}

Progress::Progress(bool is_wanted) {
  if (!is_wanted || !is_terminal()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { draw_until_stopped(stop); });
}

Progress::~Progress() { stop(); }

void Progress::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  std::fputs("\r\x1b[K", stderr);
}

void Progress::draw_until_stopped(const std::stop_token& stop) const {
  const auto started = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  const auto is_stopped = [&stop] { return stop.stop_requested(); };
  while (!wakes.wait_for(lock, stop, kDrawEvery, is_stopped) && !is_stopped()) {
    const std::chrono::duration<double> past = std::chrono::steady_clock::now() - started;
    // relaxed, all: see found_file().
    const Amount done{files_done_.load(std::memory_order_relaxed),
                      bytes_done_.load(std::memory_order_relaxed)};
    const Amount all{files_found_.load(std::memory_order_relaxed),
                     bytes_found_.load(std::memory_order_relaxed)};
    const std::string line = describe_progress(done, all, past.count(), count_columns());
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  }
}

}  // namespace file_tree_hash
