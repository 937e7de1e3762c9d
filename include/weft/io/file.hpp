/// @file
/// File: a file that is read and written by operations that are awaited.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/call.hpp>
#include <weft/io/file_handle.hpp>
#include <weft/io/file_info.hpp>
#include <weft/io/or_error.hpp>
#include <weft/io/registered_buffer.hpp>

namespace weft::inline v0 {
namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {
class File;
}
}  // namespace io

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

class [[nodiscard("co_await it")]] FileOpen : public PathCall {
 public:
  using Value = io::File;

  // What is done says that it is direct, for a file system that has no such thing answers "Invalid argument".
  FileOpen(std::string&& path, const io::OpenOptions& options)
      : PathCall(open_request(options), options.direct ? "direct open" : "open", std::move(path)) {}
  FileOpen(FileOpen&& not_begun) noexcept = default;
  io::File await_resume();
  /// The same, with errors as values: for those that are nothing unusual. IoResult::take() gives the file.
  [[nodiscard]] OrError<FileOpen> or_error() &&;

 protected:
  [[nodiscard]] io::File value(std::int32_t descriptor) noexcept;
};

class [[nodiscard("co_await it")]] FileClose : public IoAwaiter {
 public:
  using Value = void;

  FileClose(io::FileHandle& file, const IoSubject& subject) noexcept
      : IoAwaiter({.code = IoCode::Close, .fd = file.descriptor()}, subject), file_(file) {}
  void await_resume() {
    const std::int32_t result = end();
    if (result < 0) throw_io_error(-result, subject());
  }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<FileClose> or_error() && noexcept { return OrError<FileClose>(std::move(*this)); }

 protected:
  /// As IoOperation's, but the file is closed whatever happens, and a stop request is no error.
  std::int32_t end() noexcept {
    std::int32_t result = kNotClosed;
    try {
      result = IoAwaiter::end();
    } catch (...) {  // OperationCancelled, or std::bad_alloc where there is no memory for its text: it is closed all the same
    }
    return -finish_close(file_.release(), result);
  }

 private:
  static constexpr std::int32_t kNotClosed = -125;  // ECANCELED

  io::FileHandle& file_;
};

/// Reads or writes at the file's own position, and sees to it that this moves on.
class [[nodiscard("co_await it")]] AtPosition : public IoAwaiter {
 public:
  using Value = std::size_t;

  AtPosition(const IoRequest& request, const IoSubject& file) noexcept : IoAwaiter(request, file) {}
  // As IoAwaiter's.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    before_ = position_of(fd);
    return IoAwaiter::await_suspend(self);
    // ---- *this may be gone if it returned true (L4) ----
  }
  std::size_t await_resume() { return value(end_or_throw()); }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<AtPosition> or_error() && { return OrError<AtPosition>(std::move(*this)); }

 protected:
  [[nodiscard]] std::size_t value(std::int32_t result) const noexcept {
    const auto count = static_cast<std::uint32_t>(result);
    // io_uring (Linux 6.18) does a part, meets an error, says how much that part was, and leaves the position where it was before it.
    if (count != 0 && count < length) [[unlikely]] move_position(*this, before_ + count);
    return count;
  }

 private:
  std::uint64_t before_ = 0;
};

class [[nodiscard("co_await it")]] FileSizeCall : public FileInfoCall {
 public:
  using Value = std::uint64_t;

  using FileInfoCall::FileInfoCall;
  std::uint64_t await_resume() { return value(end_or_throw()); }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<FileSizeCall> or_error() && { return OrError<FileSizeCall>(std::move(*this)); }

 protected:
  [[nodiscard]] std::uint64_t value(std::int32_t result) const noexcept { return FileInfoCall::value(result).size; }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// An open file: `io::File file = co_await io::File::open(path)`, `co_await file.read_at(buffer, offset)`.
///
/// Members with "all" in their names return a Task and go on until all is done, as truncate() does. Each other one is one operation of the kernel; a
/// read or write may do less than it was asked for.
///
/// Threads:  as FileHandle; in a coroutine on a worker of a runtime or inside sync_wait, in a fiber by this_fiber::await(file.read_at(...)).
/// Resumes:  on the worker on which the operation began, or where that is busy, on any.
/// Lifetime: the file stays where it is, and what is read into or written from is left alone, until the operation has ended.
/// Errors:   std::system_error with what was done to which file: "weft: read of '/etc/motd': Input/output error". `co_await file.size().or_error()`
///           gives it as a value, `co_await io::or_error(file.read_all())` that of a Task. OperationCancelled when the task is asked to stop; what has
///           been done by then stays done, and nobody knows how much that was. UsageError on a thread that is no worker.
/// Cost:     with io_uring no system call of its own while the worker has other work; with epoll the call itself, marked as blocking. The members
///           that return a Task: a coroutine frame more.
/// Example:  samples/file_tree_hash
class File : public FileHandle {
 public:
  using FileHandle::FileHandle;

  /// Opens a file; for reading, if nothing else is said. It is not inherited by programs that are executed.
  ///
  /// Note: a FIFO waits for its other end with epoll, as open(2) does. With io_uring the kernel does not wait: it is open for reading at once, and for
  ///       writing it fails with ENXIO while nobody reads.
  static detail::FileOpen open(std::string path, const OpenOptions& options = {}) { return {std::move(path), options}; }
  /// Opens a file for writing; what it held is gone.
  static detail::FileOpen create(std::string path) {
    return {std::move(path), {.access = Access::Write, .create = true, .truncate = true}};
  }

  /// Reads up to 1 GiB. @return  how much; 0 at the end
  detail::IoCall<std::size_t> read_at(std::span<std::byte> to, std::uint64_t offset) const noexcept {
    return {detail::transfer_request(detail::IoCode::Read, descriptor(), to.data(), to.size(), within_files(offset)), subject("read")};
  }
  /// Writes up to 1 GiB. @return  how much
  detail::IoCall<std::size_t> write_at(std::span<const std::byte> from, std::uint64_t offset) const noexcept {
    return {detail::transfer_request(detail::IoCode::Write, descriptor(), from.data(), from.size(), within_files(offset)), subject("write")};
  }
  /// The same with memory that the kernel keeps ready.
  detail::IoCall<std::size_t> read_at(RegisteredBytes to, std::uint64_t offset) const noexcept {
    return {within(to.memory(), detail::transfer_request(detail::IoCode::Read, descriptor(), to.data(), to.size(), within_files(offset))), subject("read")};
  }
  detail::IoCall<std::size_t> write_at(RegisteredBytes from, std::uint64_t offset) const noexcept {
    return {within(from.memory(), detail::transfer_request(detail::IoCode::Write, descriptor(), from.data(), from.size(), within_files(offset))),
            subject("write")};
  }
  /// The same into, and from, several buffers in turn, of which 1024 are looked at. Lifetime: of the span too.
  detail::IoCall<std::size_t> read_at(std::span<const iovec> to, std::uint64_t offset) const noexcept {
    return {detail::vector_request(detail::IoCode::ReadV, descriptor(), to.data(), to.size(), within_files(offset)), subject("read")};
  }
  detail::IoCall<std::size_t> write_at(std::span<const iovec> from, std::uint64_t offset) const noexcept {
    return {detail::vector_request(detail::IoCode::WriteV, descriptor(), from.data(), from.size(), within_files(offset)), subject("write")};
  }

  /// At the file's own position, which moves on; and for pipes, terminals and the like, which have none. One at a time. Cost: a call of lseek too.
  detail::AtPosition read(std::span<std::byte> to) const noexcept {
    return {detail::transfer_request(detail::IoCode::Read, descriptor(), to.data(), to.size(), detail::IoRequest::kNoOffset), subject("read")};
  }
  detail::AtPosition write(std::span<const std::byte> from) const noexcept {
    return {detail::transfer_request(detail::IoCode::Write, descriptor(), from.data(), from.size(), detail::IoRequest::kNoOffset), subject("write")};
  }

  /// Fills the buffer. @return  how much; less than its size only where the file ends
  [[nodiscard]] Task<std::size_t> read_all_at(std::span<std::byte> to, std::uint64_t offset) const { return read_all_of(to, offset); }
  [[nodiscard]] Task<std::size_t> read_all_at(RegisteredBytes to, std::uint64_t offset) const { return read_all_of(to, offset); }
  /// Writes all of it.
  [[nodiscard]] Task<> write_all_at(std::span<const std::byte> from, std::uint64_t offset) const { return write_all_of(from, offset); }
  [[nodiscard]] Task<> write_all_at(RegisteredBytes from, std::uint64_t offset) const { return write_all_of(from, offset); }
  [[nodiscard]] Task<> write_all_at(std::string_view text, std::uint64_t offset) const { return write_all_at(std::as_bytes(std::span(text)), offset); }
  /// Writes all of it at the file's own position: one after another, as to a pipe, or to a file that was opened to append.
  [[nodiscard]] Task<> write_all(std::span<const std::byte> from) const {
    while (!from.empty()) {
      const IoResult<std::size_t> count = co_await write(from).or_error();
      if (!go_on(count, "write")) continue;
      if (*count == 0) detail::throw_wrote_nothing(subject("write"));
      from = from.subspan(*count);
    }
  }
  [[nodiscard]] Task<> write_all(std::string_view text) const { return write_all(std::as_bytes(std::span(text))); }
  /// The whole file from its beginning, whatever size it says it has; of a pipe, what comes until it is closed.
  [[nodiscard]] Task<std::string> read_all() const {
    const FileInfo known = co_await info();
    const bool has_offsets = known.kind == FileKind::Regular || known.kind == FileKind::BlockDevice;
    std::string data;
    // One byte more than there should be: a read that leaves room has come to the end.
    data.resize(std::max<std::size_t>(known.size + 1, kLeastRoom));
    std::size_t done = 0;
    for (;;) {
      const std::span<std::byte> room = std::as_writable_bytes(std::span(data)).subspan(done);
      const IoResult<std::size_t> count = co_await read_somewhere(room, has_offsets ? done : detail::IoRequest::kNoOffset).or_error();
      if (!go_on(count, "read")) continue;
      if (*count == 0) break;
      done += *count;
      if (done == data.size()) data.resize(2 * done);
    }
    data.resize(done);
    co_return data;
  }

  /// Waits until what was written is on the disk, with all that is known of the file.
  detail::IoCall<void> sync() const noexcept { return {{.code = detail::IoCode::Fsync, .fd = descriptor()}, subject("sync")}; }
  /// The same without what is not needed to read it, such as times.
  detail::IoCall<void> sync_data() const noexcept { return {{.code = detail::IoCode::Fsync, .fd = descriptor(), .flags = 1}, subject("sync")}; }

  [[nodiscard]] detail::FileInfoCall info() const noexcept { return {descriptor(), subject("stat")}; }
  [[nodiscard]] detail::FileSizeCall size() const noexcept { return {descriptor(), subject("stat")}; }

  /// Cuts it off, or makes it longer by zeros that take no room.
  [[nodiscard]] Task<> truncate(std::uint64_t size) const {
    const detail::IoRequest request{.code = detail::IoCode::Truncate, .fd = descriptor(), .offset = within_files(size)};
    const IoResult<void> result = co_await detail::IoCall<void>(request, subject("truncate")).or_error();
    if (result) co_return;
    int error = result.error().value();
    // io_uring has it since Linux 6.9.
    if (detail::is_unknown_operation(error)) {
      const auto call = [this, size] { return detail::truncate_file(descriptor(), size); };
      error = co_await blocking(call);
    }
    if (error != 0) detail::throw_io_error(error, subject("truncate"));
  }
  /// Makes room on the disk, so that writing there does not fail for want of it. The file grows to the end of it.
  detail::IoCall<void> allocate(std::uint64_t offset, std::uint64_t size) const noexcept {
    return {{.code = detail::IoCode::Allocate, .fd = descriptor(), .offset = offset, .length_64 = size}, subject("allocate")};
  }

  /// Closes the file and says whether all went well, which a network file system may know only then. It is closed in any case, also if the task
  /// has been asked to stop. What is not awaited does nothing.
  ///
  /// Pre: no operation on it goes on.
  detail::FileClose close() noexcept { return {*this, subject("close")}; }

 private:
  static constexpr std::size_t kLeastRoom = 4096;

  /// All bits set would mean the file's own position; beyond this one the kernel refuses.
  static std::uint64_t within_files(std::uint64_t offset) noexcept { return std::min(offset, detail::kLastOffset); }
  detail::IoCall<std::size_t> read_somewhere(std::span<std::byte> to, std::uint64_t offset) const noexcept {
    return {detail::transfer_request(detail::IoCode::Read, descriptor(), to.data(), to.size(), offset), subject("read")};
  }
  template <class Bytes>
  Task<std::size_t> read_all_of(Bytes to, std::uint64_t offset) const {
    std::size_t done = 0;
    while (done < to.size()) {
      const IoResult<std::size_t> count = co_await read_at(to.subspan(done), offset + done).or_error();
      if (!go_on(count, "read")) continue;
      if (*count == 0) break;
      done += *count;
    }
    co_return done;
  }
  template <class Bytes>
  Task<> write_all_of(Bytes from, std::uint64_t offset) const {
    while (from.size() != 0) {
      const IoResult<std::size_t> count = co_await write_at(from, offset).or_error();
      if (!go_on(count, "write")) continue;
      if (*count == 0) detail::throw_wrote_nothing(subject("write"));
      from = from.subspan(*count);
      offset += *count;
    }
  }
  /// False: a signal has ended it, and it is to be tried again. Errors: the operation's.
  bool go_on(const IoResult<std::size_t>& count, const char* what) const {
    if (count) [[likely]] return true;
    if (!detail::is_interruption(count.error().value())) detail::throw_io_error(count.error().value(), subject(what));
    return false;
  }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

inline io::File FileOpen::value(std::int32_t descriptor) noexcept { return io::File(descriptor, take_path()); }
inline io::File FileOpen::await_resume() { return value(end_or_throw()); }
inline OrError<FileOpen> FileOpen::or_error() && { return OrError<FileOpen>(std::move(*this)); }

/// Waits until the name of a file that is new is on the disk: it is in the directory, which the disk does not have with the file.
inline Task<> sync_name(std::string path) {
  const io::File directory = co_await io::File::open(directory_of(path));
  co_await directory.sync();
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail
}  // namespace weft::inline v0
