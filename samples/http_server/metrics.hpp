/// @file
/// What the server counts, for /metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace http_server {

/// Threads: any.
class Metrics {
 public:
  void connection_opened() noexcept {
    opened_.fetch_add(1, std::memory_order_relaxed);
    open_.fetch_add(1, std::memory_order_relaxed);
  }
  void connection_closed() noexcept { open_.fetch_sub(1, std::memory_order_relaxed); }
  void connection_refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }
  void timed_out() noexcept { timed_out_.fetch_add(1, std::memory_order_relaxed); }
  void answered(int status, std::uint64_t bytes) noexcept;

  /// The format of Prometheus.
  [[nodiscard]] std::string text() const;

 private:
  std::atomic<std::uint64_t> opened_{0};
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> timed_out_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::array<std::atomic<std::uint64_t>, 6> answers_{};  // by the first digit of the status
};

}  // namespace http_server
