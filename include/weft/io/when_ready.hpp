/// @file
/// Waiting until a descriptor has something of a fixed size to read: events, signals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <weft/base/platform.hpp>
#include <weft/io/series.hpp>

namespace weft::inline v0::detail {

/// Reads so many bytes as soon as they are there. The reading itself is done by whoever is told that they are, so that a stop request either has come
/// before, and they are left for the next one, or too late.
class WEFT_API ReadWhenReady : public IoSeries {
 public:
  /// Pre: `fd` does not block; `size` is at most kMost.
  ReadWhenReady(int fd, std::size_t size, const IoSubject& subject) noexcept : fd_(fd), size_(size), subject_(subject) {}
  ReadWhenReady(const ReadWhenReady& not_begun) noexcept
      : IoSeries(not_begun), fd_(not_begun.fd_), size_(not_begun.size_), subject_(not_begun.subject_) {}
  ReadWhenReady& operator=(const ReadWhenReady&) = delete;
  ~ReadWhenReady() override;

 protected:
  static constexpr std::size_t kMost = 128;

  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  /// Pre: it has ended without an error.
  template <class T>
  [[nodiscard]] T read_value() const noexcept {
    static_assert(sizeof(T) <= kMost);
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    return value;
  }

 private:
  int fd_;
  std::size_t size_;
  IoSubject subject_;
  alignas(8) std::array<std::byte, kMost> bytes_;  // NOLINT: written by next()
};

}  // namespace weft::inline v0::detail
