/// @file
/// Buffers that show when somebody writes into them who should not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>

namespace weft_test {

/// What an operation reads into.
class Buffer {
 public:
  static constexpr std::size_t kSize = 64;

  [[nodiscard]] std::span<std::byte> room() noexcept { return bytes_; }
  /// Whether so much was written at its beginning, and nothing behind it.
  [[nodiscard]] bool holds(std::span<const std::byte> expected) const noexcept {
    return std::equal(expected.begin(), expected.end(), bytes_.begin()) && is_filled_with(kFresh, expected.size());
  }
  void kill() noexcept { bytes_.fill(kDead); }
  [[nodiscard]] bool is_dead() const noexcept { return is_filled_with(kDead, 0); }

 private:
  static constexpr std::byte kFresh{0xa5};
  static constexpr std::byte kDead{0x5a};

  [[nodiscard]] bool is_filled_with(std::byte value, std::size_t from) const noexcept {
    return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(from), bytes_.end(), [&](std::byte byte) { return byte == value; });
  }

  std::array<std::byte, kSize> bytes_ = [] {
    std::array<std::byte, kSize> fresh{};
    fresh.fill(kFresh);
    return fresh;
  }();
};

/// Where buffers go whose operations have ended: their memory is freed some time later, and a write in between is seen.
class Graveyard {
 public:
  /// False: somebody has written into one of those that have lain here longest.
  [[nodiscard]] bool bury(std::unique_ptr<Buffer> buffer) {
    buffer->kill();
    dead_.push_back(std::move(buffer));
    if (dead_.size() <= kMost) return true;
    const bool is_quiet = dead_.front()->is_dead();
    dead_.pop_front();
    return is_quiet;
  }
  /// False: somebody has written into one of those that are left.
  [[nodiscard]] bool is_quiet() const {
    return std::all_of(dead_.begin(), dead_.end(), [](const std::unique_ptr<Buffer>& buffer) { return buffer->is_dead(); });
  }

 private:
  static constexpr std::size_t kMost = 64;
  std::deque<std::unique_ptr<Buffer>> dead_;
};

}  // namespace weft_test
