/// @file
/// Failures of the kernel by chance, but the same ones for a seed.
#pragma once

#include "support/seeded_random.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>

#include "io/faults.hpp"

namespace weft_test {

/// While it lives, transfers are short, operations fail by what passes (EINTR, EAGAIN, ENOMEM), submissions are refused, completions seen late, and
/// rings have room for few of them.
class RandomFaults final : public weft::detail::IoFaults {
 public:
  explicit RandomFaults(std::uint64_t stream) : random_(stream) { use(this); }
  ~RandomFaults() override { use(nullptr); }

  std::optional<std::int32_t> ended(const weft::detail::IoRequest& request) override {
    if (!weft::detail::is_transfer(request.code)) return std::nullopt;
    switch (below(40)) {
      case 0: return count(-EINTR);
      case 1: return count(-ENOMEM);
      default: return std::nullopt;
    }
  }
  std::uint32_t shortened(const weft::detail::IoRequest& request) override {
    if (request.length < 2 || below(3) != 0) return request.length;
    count(0);
    return 1 + static_cast<std::uint32_t>(below(request.length - 1));
  }
  bool refuses_submission() override { return below(10) == 0; }
  bool is_late() override { return below(4) == 0; }
  unsigned completions(unsigned /*wanted*/) override { return 4; }

  /// How many of the first two kinds there have been.
  [[nodiscard]] std::uint64_t injected() {
    const std::lock_guard lock(mutex_);
    return injected_;
  }

 private:
  std::int32_t count(std::int32_t error) {
    const std::lock_guard lock(mutex_);
    ++injected_;
    return error;
  }
  std::uint64_t below(std::uint64_t bound) {
    const std::lock_guard lock(mutex_);
    return random_.below(bound);
  }

  std::mutex mutex_;
  SeededRandom random_;
  std::uint64_t injected_ = 0;
};

}  // namespace weft_test
