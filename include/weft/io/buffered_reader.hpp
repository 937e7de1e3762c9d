/// @file
/// BufferedReader: lines, frames and the like out of a stream.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/error.hpp>

namespace weft::inline v0 {
namespace detail {

/// Bytes that have been read and not yet taken, in one piece of memory.
class ReadBuffer {
 public:
  /// Pre: capacity > 0.
  explicit ReadBuffer(std::size_t capacity) : bytes_(capacity), least_(capacity) {}

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes_.data()) + begin_, size()}; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.data() + begin_, size()}; }
  void take(std::size_t size) noexcept { begin_ += size; }
  /// Room behind what there is, some at least, on the way to `wanted` bytes in all. It doubles when it is full, and not before, since how many are
  /// wanted may be what a stranger says; when it is empty and large it gives its memory back.
  ///
  /// Pre: wanted > size(). Errors: std::bad_alloc.
  [[nodiscard]] WEFT_API std::span<std::byte> room(std::size_t wanted);
  [[nodiscard]] std::size_t capacity() const noexcept { return bytes_.size(); }
  void filled(std::size_t size) noexcept { end_ += size; }

 private:
  static constexpr std::size_t kKept = std::size_t{64} << 10;  // so large it may stay, if it was not made larger

  std::vector<std::byte> bytes_;
  std::size_t least_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Errors: LimitError: "weft: read_line of 127.0.0.1:4711: nothing ends it; the limit is 8192 bytes".
[[noreturn]] WEFT_API void throw_over_limit(const char* what, const std::string& of, const std::string& why, std::size_t most);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// What a BufferedReader reads from: `co_await stream.read(buffer)` gives how much, 0 at the end; describe() is for texts of errors.
template <class Stream>
concept ReadableStream = requires(Stream& stream, std::span<std::byte> to) {
  stream.read(to);
  { stream.describe() } -> std::convertible_to<std::string>;
};

/// Reads a stream in pieces that do not depend on how it arrives: a StreamSocket, a PipeReader, a File from its own position on, or a FileReader, which
/// reads ahead: `io::BufferedReader lines(file)`, `co_await lines.read_line(4096)`.
///
/// What has been read and not been taken stays in the buffer: a read that is ended by a stop request, a timeout or a limit has lost nothing, and can
/// be tried again, in another way as well.
///
/// Threads:  one at a time.
/// Lifetime: the stream outlives it, and stays where it is: what moves both makes another reader. What a call gives as a view is there until the next
///           call.
/// Errors:   those of the stream; Errc::UnexpectedEnd where it ends in the middle; LimitError naming the limit.
/// Cost:     a coroutine frame for each call. The buffer grows as bytes come: it is at most twice as large as what has come, whatever length a peer
///           has announced. A call that finds it empty and larger than 64 KiB, and than it was made, goes on with one as small as that was.
/// Example:  samples/http_server
template <ReadableStream Stream>
class BufferedReader {
 public:
  explicit BufferedReader(Stream& stream, std::size_t capacity = 8192) : stream_(&stream), buffer_(capacity > 0 ? capacity : 1) {}

  /// A line, without its end ("\n" or "\r\n"). Nothing: the stream has ended. What stands behind the last end of a line is a line too.
  ///
  /// @param most  so long it may be, with its end
  [[nodiscard("co_await it")]] Task<std::optional<std::string_view>> read_line(std::size_t most) {
    const std::size_t size = co_await find("\n", most, "read_line");
    std::string_view line = buffer_.text().substr(0, size);
    buffer_.take(size);
    if (line.empty()) co_return std::nullopt;
    if (line.back() == '\n') {
      line.remove_suffix(1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    }
    co_return line;
  }

  /// Everything up to a delimiter, and that. Nothing: the stream has ended.
  ///
  /// Pre:    the delimiter is not empty, and is there until the call has ended.
  /// Errors: Errc::UnexpectedEnd if the stream ends without one.
  [[nodiscard("co_await it")]] Task<std::optional<std::string_view>> read_until(std::string_view delimiter, std::size_t most) {
    const std::size_t size = co_await find(delimiter, most, "read_until");
    const std::string_view text = buffer_.text().substr(0, size);
    if (text.empty()) co_return std::nullopt;
    if (!text.ends_with(delimiter)) throw_unexpected_end("read_until");
    buffer_.take(size);
    co_return text;
  }

  /// Fills `to`.
  [[nodiscard("co_await it")]] Task<> read_exactly(std::span<std::byte> to) {
    const bool is_whole = co_await fill(to.size());
    if (!is_whole) throw_unexpected_end("read_exactly");
    if (!to.empty()) std::memcpy(to.data(), buffer_.bytes().data(), to.size());
    buffer_.take(to.size());
  }

  /// What there is, waiting until there is something. 0: the stream has ended (or `to` is empty).
  [[nodiscard("co_await it")]] Task<std::size_t> read(std::span<std::byte> to) {
    if (!to.empty()) static_cast<void>(co_await fill(1));
    const std::size_t size = to.size() < buffer_.size() ? to.size() : buffer_.size();
    if (size > 0) std::memcpy(to.data(), buffer_.bytes().data(), size);
    buffer_.take(size);
    co_return size;
  }

  /// A frame: what follows its length, which is four bytes, the highest first. Nothing: the stream has ended, between two frames.
  ///
  /// @param most  of its length
  [[nodiscard("co_await it")]] Task<std::optional<std::span<const std::byte>>> read_frame(std::size_t most) {
    constexpr std::size_t kHead = 4;
    const bool has_head = co_await fill(kHead);
    if (!has_head && buffer_.size() == 0) co_return std::nullopt;
    if (!has_head) throw_unexpected_end("read_frame");
    std::size_t length = 0;
    for (const std::byte byte : buffer_.bytes().first(kHead)) length = length << 8 | std::to_integer<std::size_t>(byte);
    if (length > most) {
      detail::throw_over_limit("read_frame", stream_->describe(), "a frame of " + std::to_string(length) + " bytes", most);
    }
    const bool is_whole = co_await fill(kHead + length);
    if (!is_whole) throw_unexpected_end("read_frame");
    const auto frame = buffer_.bytes().subspan(kHead, length);
    buffer_.take(kHead + length);
    co_return frame;
  }

  /// Waits until there is something to be taken. False: the stream has ended, and all has been taken.
  [[nodiscard("co_await it")]] Task<bool> has_more() { return fill(1); }

  /// So many bytes of memory the buffer takes at the moment.
  [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.capacity(); }
  /// What has been read and not been taken.
  [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return buffer_.bytes(); }
  [[nodiscard]] Stream& stream() const noexcept { return *stream_; }

 private:
  [[noreturn]] void throw_unexpected_end(const char* what) const {
    const std::string of = stream_->describe();
    detail::throw_io_error(Errc::UnexpectedEnd, {what, &of, [](const void* text) { return *static_cast<const std::string*>(text); }});
  }

  /// False: the stream ends before so much is in the buffer.
  Task<bool> fill(std::size_t wanted) {
    while (buffer_.size() < wanted) {
      const std::size_t size = co_await stream_->read(buffer_.room(wanted));
      if (size == 0) co_return false;
      buffer_.filled(size);
    }
    co_return true;
  }

  /// How far it is to the end of the next delimiter, or all that there is if the stream ends without one.
  Task<std::size_t> find(std::string_view delimiter, std::size_t most, const char* what) {
    std::size_t searched = 0;
    for (;;) {
      const std::string_view text = buffer_.text().substr(0, most);
      const std::size_t from = searched < delimiter.size() ? 0 : searched - delimiter.size() + 1;
      const std::size_t at = text.find(delimiter, from);
      if (at != std::string_view::npos) co_return at + delimiter.size();
      if (text.size() == most) detail::throw_over_limit(what, stream_->describe(), "nothing ends it", most);
      searched = text.size();
      const std::size_t size = co_await stream_->read(buffer_.room(most));
      if (size == 0) co_return searched;
      buffer_.filled(size);
    }
  }

  Stream* stream_;
  detail::ReadBuffer buffer_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
