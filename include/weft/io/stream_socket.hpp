/// @file
/// StreamSocket: a connection, whatever it goes over.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/io/received_bytes.hpp>
#include <weft/io/socket.hpp>
#include <weft/io/transfer.hpp>

namespace weft::inline v0 {
namespace detail {

/// Sends a part of a file without waiting. Returns how much; 0: the file has ended; negative: the number of an error, -EAGAIN: it would have to wait.
[[nodiscard]] WEFT_API std::int64_t send_part(int socket, int file, std::uint64_t offset, std::uint64_t length) noexcept;
WEFT_API void shut_down(int socket, int how, const IoSubject& subject);
WEFT_API void set_linger(int socket, std::chrono::seconds span, const IoSubject& subject);
/// Reads a part of a file. Returns how much; 0: the file has ended; negative: the number of an error.
[[nodiscard]] WEFT_API std::int64_t read_part(int file, std::uint64_t offset, std::span<std::byte> to) noexcept;
inline constexpr std::uint64_t kMostCopied = std::uint64_t{64} << 10;
/// Of poll(): there is something to read; there is room to write.
inline constexpr std::uint32_t kCanRead = 1;
inline constexpr std::uint32_t kCanWrite = 4;

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// A connection: bytes in order, both ways. TcpStream and UnixStream are it.
///
/// Threads:  one task may read while another one writes. Two that read at the same time are allowed by the system, but each gets some of the bytes,
///           and of two that write their parts may be mixed: don't.
/// Lifetime: it is neither moved nor closed while an operation on it is under way; buffers are the caller's until `co_await` returns, and nobody's
///           business afterwards, also after a stop request.
/// Errors:   std::system_error naming the peer, "weft: read of 127.0.0.1:4711: Connection reset by peer"; what is nothing unusual comes as a value:
///           `co_await stream.read(buffer).or_error()`. OperationCancelled after a stop request, which leaves the connection as it is. SIGPIPE is
///           never raised.
/// Cost:     of read and write, and of the forms that do all: what the kernel takes; no allocation and no coroutine.
class StreamSocket : public Socket {
 public:
  /// None.
  StreamSocket() noexcept = default;
  /// Takes over a connected socket, which must not block (O_NONBLOCK).
  StreamSocket(Descriptor file, const SocketAddress& peer) noexcept : Socket(std::move(file), peer) {}
  StreamSocket(StreamSocket&&) noexcept = default;
  StreamSocket& operator=(StreamSocket&&) noexcept = default;

  /// Reads what there is, waiting until there is something. `co_await` gives how much; 0: the peer has sent all it had to (or `to` is empty).
  ///
  /// Errors: after a stop request nothing has been read.
  [[nodiscard]] detail::IoCall<std::size_t> read(std::span<std::byte> to) noexcept {
    return {detail::transfer_request(detail::IoCode::Receive, native_handle(), to.data(), to.size()), subject("read")};
  }
  /// Reads what there is, 8 KiB at most, waiting until there is something, into a buffer that is taken only then: who waits needs none, so a server
  /// with many connections that are idle needs few. `co_await` gives the bytes; none: the peer has sent all it had to.
  ///
  /// Errors: as read(); std::bad_alloc.
  /// Cost:   a coroutine frame. Each worker has 64 buffers, from which io_uring chooses; where they are all in use, and with epoll, two operations, and
  ///         a buffer from the allocator.
  [[nodiscard("co_await it")]] Task<ReceivedBytes> receive() {
    if (auto received = co_await detail::ReceiveChosen(native_handle(), subject("receive"))) co_return *std::move(received);
    co_await detail::IoCall<void>({.code = detail::IoCode::Poll, .fd = native_handle(), .flags = detail::kCanRead}, subject("receive"));
    auto own = std::make_unique<std::byte[]>(detail::kReceivedAtOnce);
    const std::span<std::byte> all(own.get(), detail::kReceivedAtOnce);
    const std::size_t size = co_await detail::IoCall<std::size_t>(
        detail::transfer_request(detail::IoCode::Receive, native_handle(), all.data(), all.size()), subject("receive"));
    co_return ReceivedBytes(std::move(own), size);
  }
  /// Fills the buffer. Errors: Errc::UnexpectedEnd if the stream ends before. After that, and after a stop request, nobody says how much has been
  ///         read: who wants to go on reading uses a BufferedReader.
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> read_exactly(std::span<std::byte> to) noexcept {
    return detail::SeriesCall<detail::TransferAll>(detail::IoCode::Receive, native_handle(), to.data(), to.size(), subject("read"));
  }
  /// Writes as much as there is room for, waiting until there is some. `co_await` gives how much.
  [[nodiscard]] detail::IoCall<std::size_t> write(std::span<const std::byte> from) noexcept {
    return {detail::transfer_request(detail::IoCode::Send, native_handle(), from.data(), from.size()), subject("write")};
  }
  /// Writes all. Errors: after one, and after a stop request, nobody says how much was written: the connection is to be closed.
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> write_all(std::span<const std::byte> from) noexcept {
    return detail::SeriesCall<detail::TransferAll>(detail::IoCode::Send, native_handle(), from.data(), from.size(), subject("write"));
  }
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> write_all(std::string_view text) noexcept { return write_all(std::as_bytes(std::span(text))); }
  /// Writes all of some buffers in turn, as if they were one. Lifetime: of `parts` as of the buffers.
  [[nodiscard]] detail::SeriesCall<detail::GatherAll> write_all(std::span<const std::span<const std::byte>> parts) noexcept {
    return detail::SeriesCall<detail::GatherAll>(detail::IoCode::SendMsg, native_handle(), parts, subject("write"));
  }
  /// Sends a part of a file, which the kernel copies by itself. `co_await` gives how much: less than `length` if the file ends before.
  ///
  /// @param file    open for reading, a regular one; its own position stays where it is
  /// @param offset  of the first byte
  /// @param length  so many bytes at most
  /// Errors: as write_all.
  /// Cost:   a coroutine frame. Reading from the disk blocks the thread, as blocking() does; other tasks of the worker have their turn after each
  ///         megabyte.
  [[nodiscard("co_await it")]] Task<std::uint64_t> send_file(int file, std::uint64_t offset, std::uint64_t length) {
    std::uint64_t sent = 0;
    while (sent < length) {
      // A peer that is faster than the disk never makes it wait, and only waiting would see a stop request.
      co_await this_task::stop_point();
      std::int64_t result = 0;
      auto send = [&] { result = detail::send_part(native_handle(), file, offset + sent, length - sent); };
      co_await blocking(send);
      if (result == -EAGAIN) {
        const auto events =
            co_await detail::IoCall<std::uint32_t>({.code = detail::IoCode::Poll, .fd = native_handle(), .flags = detail::kCanWrite}, subject("write"));
        // A peer that has shut its side down ends that wait in a ring, room or not. Sending from memory waits all the same.
        if ((events & detail::kCanWrite) != 0) continue;
        const std::size_t copied = co_await send_copy(file, offset + sent, length - sent);
        if (copied == 0) break;
        sent += copied;
        continue;
      }
      if (result < 0) detail::throw_io_error(static_cast<int>(-result), subject("write"));
      if (result == 0) break;
      sent += static_cast<std::uint64_t>(result);
      co_await yield();
    }
    co_return sent;
  }

  /// Says that nothing more will be written: when the peer has read all it sees the end. What it sends can still be read.
  ///
  /// A connection that the peer has reset has ended already, and that is no error here: reads and writes say it.
  /// Errors: std::system_error.
  void shutdown_write() { detail::shut_down(native_handle(), kShutWrite, subject("shutdown")); }
  /// Ends reading: a read that waits gives 0. Errors: as shutdown_write().
  void shutdown_read() { detail::shut_down(native_handle(), kShutRead, subject("shutdown")); }

  /// close() will not say goodbye: the peer's next call fails with "Connection reset by peer", and what it has not received is lost. (SO_LINGER 0)
  void reset_on_close() { detail::set_linger(native_handle(), std::chrono::seconds{0}, subject("setting an option")); }
  /// close() waits up to so long for the peer to have received everything, which blocks its thread.
  void linger_on_close(std::chrono::seconds span) { detail::set_linger(native_handle(), span, subject("setting an option")); }

 private:
  /// Sends some of a file, but through memory. 0: the file has ended.
  Task<std::size_t> send_copy(int file, std::uint64_t offset, std::uint64_t length) {
    std::vector<std::byte> part(static_cast<std::size_t>(std::min(length, detail::kMostCopied)));
    std::int64_t result = 0;
    auto read = [&] { result = detail::read_part(file, offset, part); };
    co_await blocking(read);
    if (result < 0) detail::throw_io_error(static_cast<int>(-result), subject("write"));
    if (result == 0) co_return 0;
    co_return co_await write(std::span(part).first(static_cast<std::size_t>(result)));
  }

  static constexpr int kShutRead = 0;   // SHUT_RD
  static constexpr int kShutWrite = 1;  // SHUT_WR
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
