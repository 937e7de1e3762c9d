/// @file
/// read_file, write_file: a file as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/file.hpp>
#include <weft/io/paths.hpp>

namespace weft::inline v0 {
namespace io {

/// How write_file writes: `{.atomically = true}`.
struct WriteFileOptions {
  /// Under another name in the same directory, and renamed when all is written: whoever opens it finds all of the old content or all of the new. A
  /// symbolic link is replaced, not followed, and permissions of an old file are not kept.
  bool atomically = false;
  /// Returns when it is on the disk, with its name.
  bool sync = false;
  std::uint32_t permissions = 0666;  ///< of a file that is created, before the umask
};

}  // namespace io

namespace detail {

/// A name in the directory of `path` that this process has not given yet.
[[nodiscard]] WEFT_API std::string temporary_name_beside(const std::string& path);
/// Removes a file by a system call; for cleaning up on the way of an error.
WEFT_API void remove_silently(const std::string& path) noexcept;

inline namespace WEFT_TRANSFER_NAMESPACE {

inline Task<> write_and_close(io::File file, std::span<const std::byte> data, bool is_synced) {
  co_await file.write_all(data);
  if (is_synced) co_await file.sync();
  co_await file.close();
}

inline Task<> write_beside_and_rename(std::string path, std::span<const std::byte> data, io::WriteFileOptions options) {
  std::string temporary;
  io::File file;
  while (!file.is_open()) {
    temporary = temporary_name_beside(path);
    const io::OpenOptions as_new{.access = io::Access::Write, .create_new = true, .permissions = options.permissions};
    try {
      file = co_await io::File::open(temporary, as_new);
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::file_exists) throw;
    }
  }
  try {
    co_await write_and_close(std::move(file), data, options.sync);
    co_await io::rename(temporary, path);
  } catch (...) {
    remove_silently(temporary);
    throw;
  }
  if (options.sync) co_await sync_name(std::move(path));
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Reads a whole file, text or not: `const std::string text = co_await io::read_file(path)`.
///
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait; on a fiber, this_fiber::await(io::read_file(path)).
/// Errors:   as File; std::bad_alloc for one that is too large.
/// Cost:     four operations, two of which are reads: the last one finds the end. Works for files that say no size, as in /proc. A FIFO is to have
///           somebody who writes: by io_uring it is opened without waiting for one.
[[nodiscard]] inline Task<std::string> read_file(std::string path) {
  File file = co_await File::open(std::move(path));
  std::string data = co_await file.read_all();
  co_await file.close();
  co_return data;
}

/// Makes a file that holds these bytes; what it held before is gone.
///
/// Threads:  as read_file.
/// Lifetime: the bytes stay until it has ended.
/// Errors:   as File. Without `atomically` a part may have been written; with it the old file, if there is one, is as it was, and no other is left.
///           After an error of the last step with `sync`, that of the folder, the new one is there in either case.
[[nodiscard]] inline Task<> write_file(std::string path, std::span<const std::byte> data, WriteFileOptions options = {}) {
  if (options.atomically) {
    co_await detail::write_beside_and_rename(std::move(path), data, options);
  } else {
    const OpenOptions as_empty{.access = Access::Write, .create = true, .truncate = true, .permissions = options.permissions};
    File file = co_await File::open(path, as_empty);
    co_await detail::write_and_close(std::move(file), data, options.sync);
    if (options.sync) co_await detail::sync_name(std::move(path));
  }
}
[[nodiscard]] inline Task<> write_file(std::string path, std::string_view text, WriteFileOptions options = {}) {
  return write_file(std::move(path), std::as_bytes(std::span(text)), options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
