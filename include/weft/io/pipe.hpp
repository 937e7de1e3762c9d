/// @file
/// PipeReader, PipeWriter: the two ends of a pipe. pipe: makes both.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/descriptor.hpp>
#include <weft/io/transfer.hpp>

namespace weft::inline v0 {
namespace io {

/// What PipeReader and PipeWriter share: one end of a pipe.
class PipeEnd {
 public:
  [[nodiscard]] bool is_open() const noexcept { return file_.is_open(); }
  /// The descriptor, which stays the end's.
  [[nodiscard]] int native_handle() const noexcept { return file_.number(); }
  /// Gives the descriptor away.
  [[nodiscard]] Descriptor release() noexcept { return std::move(file_); }
  /// Pre: no operation on it is under way.
  void close() noexcept { file_.close(); }
  /// What errors call it. Threads: any.
  [[nodiscard]] WEFT_API std::string describe() const;

 protected:
  PipeEnd() noexcept = default;
  /// Has its calls not block. Errors: std::system_error.
  WEFT_API explicit PipeEnd(Descriptor file);
  PipeEnd(PipeEnd&&) noexcept = default;
  PipeEnd& operator=(PipeEnd&&) noexcept = default;
  ~PipeEnd() = default;

  [[nodiscard]] detail::IoSubject subject(const char* what) const noexcept { return {what, this, &describe_end}; }

 private:
  WEFT_API static std::string describe_end(const void* end);

  Descriptor file_;
};

}  // namespace io

namespace detail {

/// The end to read from, and that to write into; neither is passed on to other programs. Errors: std::system_error.
[[nodiscard]] WEFT_API std::pair<io::Descriptor, io::Descriptor> make_pipe();
/// Has writing into a pipe that nobody reads give EPIPE, unless the program has said what else is to happen.
WEFT_API void ignore_pipe_signal() noexcept;

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// The end of a pipe that is read from.
///
/// Threads, Lifetime, Errors, Cost: as StreamSocket.
class PipeReader : public PipeEnd {
 public:
  /// None.
  PipeReader() noexcept = default;
  /// Takes over a descriptor, and has its calls not block (O_NONBLOCK), which others who share it see. Errors: std::system_error.
  explicit PipeReader(Descriptor file) : PipeEnd(std::move(file)) {}

  /// As StreamSocket::read; 0: all ends to write into are closed.
  [[nodiscard]] detail::SeriesCall<detail::TransferOnce, std::size_t> read(std::span<std::byte> to) noexcept {
    return detail::SeriesCall<detail::TransferOnce, std::size_t>(detail::IoCode::Read, native_handle(), to.data(), to.size(), subject("read"));
  }
  /// As StreamSocket::read_exactly.
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> read_exactly(std::span<std::byte> to) noexcept {
    return detail::SeriesCall<detail::TransferAll>(detail::IoCode::Read, native_handle(), to.data(), to.size(), subject("read"));
  }
};

/// The end of a pipe that is written into. If nobody reads any more, writing fails with EPIPE ("Broken pipe").
///
/// The system also raises SIGPIPE then, and has no flag against that as for sockets. So the first PipeWriter has the process ignore SIGPIPE, unless
/// the program has set something else; programs that it starts by Process get the system's default back.
///
/// Threads, Lifetime, Errors, Cost: as StreamSocket.
class PipeWriter : public PipeEnd {
 public:
  /// None.
  PipeWriter() noexcept = default;
  /// As PipeReader.
  explicit PipeWriter(Descriptor file) : PipeEnd(std::move(file)) { detail::ignore_pipe_signal(); }

  /// As StreamSocket::write.
  [[nodiscard]] detail::SeriesCall<detail::TransferOnce, std::size_t> write(std::span<const std::byte> from) noexcept {
    return detail::SeriesCall<detail::TransferOnce, std::size_t>(detail::IoCode::Write, native_handle(), from.data(), from.size(), subject("write"));
  }
  /// As StreamSocket::write_all.
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> write_all(std::span<const std::byte> from) noexcept {
    return detail::SeriesCall<detail::TransferAll>(detail::IoCode::Write, native_handle(), from.data(), from.size(), subject("write"));
  }
  [[nodiscard]] detail::SeriesCall<detail::TransferAll> write_all(std::string_view text) noexcept { return write_all(std::as_bytes(std::span(text))); }
  /// As StreamSocket::write_all.
  [[nodiscard]] detail::SeriesCall<detail::GatherAll> write_all(std::span<const std::span<const std::byte>> parts) noexcept {
    return detail::SeriesCall<detail::GatherAll>(detail::IoCode::WriteV, native_handle(), parts, subject("write"));
  }
};

struct Pipe {
  PipeReader reader;
  PipeWriter writer;
};

/// Makes a pipe. Errors: std::system_error.
[[nodiscard]] inline Pipe pipe() {
  auto [reader, writer] = detail::make_pipe();
  return {PipeReader(std::move(reader)), PipeWriter(std::move(writer))};
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
