/// @file
/// Tells on a terminal how far the hashing is.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace file_tree_hash {

/// How much there is, or how much of it is done.
struct Amount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Makes one line of progress, without an end of line: a bar, if there is room for one, files, bytes,
/// rate and time left. Of the columns of the terminal the last stays free, and what does not fit is
/// cut off: a line that wraps cannot be drawn over. 0 columns: nobody knows how many there are.
[[nodiscard]] std::string describe_progress(const Amount& done, const Amount& all, double seconds,
                                            int columns);

/// Counts what was found and what was hashed; a thread of its own draws it.
///
/// Threads: the members that count: any; the rest the one that made it.
class Progress {
 public:
  /// Draws nothing unless `is_wanted` and standard error is a terminal that can draw.
  explicit Progress(bool is_wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether somebody looks.
  [[nodiscard]] bool is_shown() const noexcept { return thread_.joinable(); }
  void found_file(std::uint64_t size) noexcept {
    // relaxed, all: sums for the eye; nothing is read because of them.
    files_found_.fetch_add(1, std::memory_order_relaxed);
    bytes_found_.fetch_add(size, std::memory_order_relaxed);
  }
  void hashed_bytes(std::uint64_t count) noexcept {
    bytes_done_.fetch_add(count, std::memory_order_relaxed);  // relaxed: as above
  }
  void hashed_file() noexcept {
    files_done_.fetch_add(1, std::memory_order_relaxed);  // relaxed: as above
  }
  /// Wipes the line away and draws no more.
  void stop();

 private:
  void draw_until_stopped(const std::stop_token& stop) const;

  std::atomic<std::uint64_t> files_found_{0};
  std::atomic<std::uint64_t> bytes_found_{0};
  std::atomic<std::uint64_t> files_done_{0};
  std::atomic<std::uint64_t> bytes_done_{0};
  std::jthread thread_;
};

}  // namespace file_tree_hash
