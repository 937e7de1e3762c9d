/// @file
/// ReceivedBytes: what a stream has received, in a buffer that nobody had to hold ready.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0 {
namespace detail {

/// Whose buffers the kernel chooses from. Lifetime: there is one as long as one of its buffers is out.
class WEFT_API BufferHome {
 public:
  /// Threads: any.
  virtual void give_back(std::uint32_t number) noexcept = 0;

 protected:
  BufferHome() = default;
  BufferHome(const BufferHome&) = delete;
  BufferHome& operator=(const BufferHome&) = delete;
  virtual ~BufferHome();
};

}  // namespace detail

namespace io {

/// Some bytes of a stream, in a buffer that goes back to the worker, for whatever comes next, when this goes.
///
/// Threads:  one at a time; it may go to another task or thread.
/// Lifetime: its own; who keeps one keeps half a megabyte of the worker's that has received it, also after the runtime has gone.
class ReceivedBytes {
 public:
  /// None: the stream has ended.
  ReceivedBytes() noexcept = default;
  ReceivedBytes(ReceivedBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})), home_(std::exchange(other.home_, nullptr)), number_(other.number_), own_(std::move(other.own_)) {}
  ReceivedBytes& operator=(ReceivedBytes&& other) noexcept {
    ReceivedBytes taken(std::move(other));
    std::swap(bytes_, taken.bytes_);
    std::swap(home_, taken.home_);
    std::swap(number_, taken.number_);
    std::swap(own_, taken.own_);
    return *this;
  }
  ~ReceivedBytes() {
    if (home_ != nullptr) home_->give_back(number_);
  }

  /// A buffer of the kernel's choice. Private to weft.
  ReceivedBytes(std::span<const std::byte> bytes, detail::BufferHome* home, std::uint32_t number) noexcept : bytes_(bytes), home_(home), number_(number) {}
  /// One from the allocator. Private to weft.
  ReceivedBytes(std::unique_ptr<std::byte[]> own, std::size_t size) noexcept : bytes_(own.get(), size), own_(std::move(own)) {}

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  /// Whether the stream has ended.
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
  detail::BufferHome* home_ = nullptr;
  std::uint32_t number_ = 0;
  std::unique_ptr<std::byte[]> own_;
};

}  // namespace io

namespace detail {

/// So much is received at once.
inline constexpr std::size_t kReceivedAtOnce = 8192;

/// Receives into a buffer that the kernel chooses when there is something. Nothing: it has none to choose from.
class [[nodiscard("co_await it")]] ReceiveChosen : public IoAwaiter {
 public:
  ReceiveChosen(int socket, const IoSubject& subject) noexcept : IoAwaiter({.code = IoCode::ReceiveChosen, .fd = socket}, subject) {}
  std::optional<io::ReceivedBytes> await_resume() {
    const std::int32_t result = end();
    const std::size_t size = result > 0 ? static_cast<std::size_t>(result) : 0;
    // Also where nothing is in it, it goes back.
    io::ReceivedBytes received({static_cast<const std::byte*>(address), size}, static_cast<BufferHome*>(const_cast<void*>(address_2)), mode);
    if (result == -ENOBUFS) return std::nullopt;
    if (result < 0) [[unlikely]] throw_io_error(-result, subject());
    return received;
  }
};

}  // namespace detail
}  // namespace weft::inline v0
