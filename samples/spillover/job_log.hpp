/// @file
/// What the jobs of a run leave behind.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schedule.hpp"

namespace spillover {

/// How late the jobs that ended in the last second were.
struct RecentLatency {
  std::size_t jobs = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
};

/// Threads: note_posted() the generator, note_end() any, recent() one other.
class JobLog {
 public:
  explicit JobLog(const std::vector<Arrival>& schedule)
      : schedule_(schedule), latencies_ns_(schedule.size()) {}

  void note_posted() noexcept {
    // relaxed, as all in this class: figures for the eye. Who wants them all waits for the jobs.
    posted_.fetch_add(1, std::memory_order_relaxed);
  }

  /// @param now_ns  since the start
  void note_end(std::size_t job, std::int64_t now_ns, bool is_right) noexcept;

  /// At a moment since the start; each later than the one before.
  [[nodiscard]] RecentLatency recent(std::int64_t now_ns);

  /// Pre: the jobs that were posted have ended.
  [[nodiscard]] std::vector<std::int64_t> latencies_ns() const;
  [[nodiscard]] std::uint64_t wrong_results() const noexcept {
    // relaxed: see above.
    return wrong_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t posted() const noexcept {
    // relaxed: see above.
    return posted_.load(std::memory_order_relaxed);
  }

 private:
  const std::vector<Arrival>& schedule_;
  std::vector<std::atomic<std::int64_t>> latencies_ns_;  // 0: not ended
  std::atomic<std::size_t> posted_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::size_t first_recent_ = 0;  // all before it ended more than a second ago
};

}  // namespace spillover
