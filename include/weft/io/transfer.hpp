/// @file
/// Reading and writing until all is there: what streams of every kind are made of.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/base/platform.hpp>
#include <weft/io/series.hpp>

namespace weft::inline v0::detail {

/// More than that is not asked for at once: it is what the kernel does at most.
inline constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

[[nodiscard]] inline IoRequest transfer_request(IoCode code, int fd, const void* bytes, std::size_t size) noexcept {
  // Without MSG_NOSIGNAL a peer that has gone would end this process.
  const std::uint32_t flags = code == IoCode::Send ? unsigned{MSG_NOSIGNAL} : 0;
  const auto length = static_cast<std::uint32_t>(size < kMostAtOnce ? size : kMostAtOnce);
  return {.code = code, .fd = fd, .length = length, .flags = flags, .address = bytes};
}

/// Reads or writes all of a buffer.
class WEFT_API TransferAll : public IoSeries {
 public:
  /// @param code  Receive, Send, Read or Write
  TransferAll(IoCode code, int fd, const void* bytes, std::size_t size, const IoSubject& subject) noexcept
      : code_(code), fd_(fd), rest_(static_cast<const std::byte*>(bytes)), size_(size), subject_(subject) {}
  ~TransferAll() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;

 private:
  IoCode code_;
  int fd_;
  const std::byte* rest_;
  std::size_t size_;
  IoSubject subject_;
};

/// Reads what there is, or writes what there is room for.
class WEFT_API TransferOnce : public IoSeries {
 public:
  /// @param code  Read or Write
  TransferOnce(IoCode code, int fd, const void* bytes, std::size_t size, const IoSubject& subject) noexcept
      : code_(code), fd_(fd), bytes_(bytes), size_(size), subject_(subject) {}
  ~TransferOnce() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  [[nodiscard]] std::size_t take_value() const noexcept { return done_; }

 private:
  IoCode code_;
  bool is_done_ = false;
  int fd_;
  const void* bytes_;
  std::size_t size_;
  std::size_t done_ = 0;
  IoSubject subject_;
};

/// Writes all of some buffers, as if they were one.
class WEFT_API GatherAll : public IoSeries {
 public:
  /// @param code  SendMsg or WriteV
  GatherAll(IoCode code, int fd, std::span<const std::span<const std::byte>> parts, const IoSubject& subject) noexcept
      : code_(code), fd_(fd), parts_(parts), subject_(subject) {}
  GatherAll(const GatherAll& not_begun) noexcept
      : IoSeries(not_begun), code_(not_begun.code_), fd_(not_begun.fd_), parts_(not_begun.parts_), subject_(not_begun.subject_) {}
  GatherAll& operator=(const GatherAll&) = delete;
  ~GatherAll() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  void take_refusal() noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;

 private:
  static constexpr std::size_t kWindow = 16;  // so many buffers are handed to the kernel at once

  IoCode code_;
  bool is_one_by_one_ = false;  // the kernel does not wait for room for several
  int fd_;
  std::span<const std::span<const std::byte>> parts_;  // that have not been written whole
  std::size_t written_ = 0;                            // of the first of them
  IoSubject subject_;
  std::array<iovec, kWindow> window_;  // NOLINT: both are written by next()
  msghdr message_;
};

}  // namespace weft::inline v0::detail
