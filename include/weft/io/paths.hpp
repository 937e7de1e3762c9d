/// @file
/// Changes to directories: rename, remove, make_directory and the like.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/file_info.hpp>
#include <weft/io/or_error.hpp>

namespace weft::inline v0 {
namespace io {

/// What becomes of a file that has the new name already.
enum class Replace : std::uint8_t { Yes, No };

}  // namespace io

namespace detail {

[[nodiscard]] WEFT_API IoRequest rename_request(io::Replace replace) noexcept;
[[nodiscard]] WEFT_API IoRequest remove_directory_request() noexcept;
/// "a/b/c" gives "a/b/c", "a/b", "a".
[[nodiscard]] WEFT_API std::vector<std::string> path_and_parents(std::string path);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Gives a file or directory another name, within one file system, in one step: whoever looks sees the old name or the new one.
///
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait; on a fiber, this_fiber::await(io::rename(...)). So are all of these.
/// Errors:   std::system_error, "weft: rename of 'a' to 'b': ..."; `.or_error()` gives it as a value. EEXIST with Replace::No. OperationCancelled
///           when the task is asked to stop; it may have been done by then. So are all of these.
/// Cost:     one operation. So are all of these, but for make_directories.
[[nodiscard]] inline detail::PathChange rename(std::string from, std::string to, Replace replace = Replace::Yes) {
  return {detail::rename_request(replace), "rename", std::move(from), std::move(to)};
}

/// Removes a file, or a symbolic link, but no directory (EISDIR).
[[nodiscard]] inline detail::PathChange remove(std::string path) { return {{.code = detail::IoCode::Unlink}, "remove", std::move(path)}; }

/// Removes a directory that is empty.
[[nodiscard]] inline detail::PathChange remove_directory(std::string path) {
  return {detail::remove_directory_request(), "remove", std::move(path)};
}

/// Makes one directory. Errors: EEXIST if there is anything of that name.
[[nodiscard]] inline detail::PathChange make_directory(std::string path, std::uint32_t permissions = 0777) {
  return {{.code = detail::IoCode::MakeDir, .mode = permissions}, "make directory", std::move(path)};
}

/// Makes a directory and those above it that are not there. That it is there already is no error.
[[nodiscard]] inline Task<> make_directories(std::string path, std::uint32_t permissions = 0777) {
  const std::vector<std::string> all = detail::path_and_parents(std::move(path));
  // Upwards until there is one, or until something else is wrong than that its parent is not there; then downwards.
  std::size_t missing = 0;
  while (missing < all.size()) {
    const IoResult<void> made = co_await make_directory(all[missing], permissions).or_error();
    if (made || made.error() != std::errc::no_such_file_or_directory) break;
    ++missing;
  }
  if (missing == all.size()) missing = all.size() - 1;
  for (std::size_t i = missing + 1; i-- > 0;) {
    const IoResult<void> made = co_await make_directory(all[i], permissions).or_error();
    if (made) continue;
    const IoResult<FileInfo> there = co_await stat(all[i]).or_error();
    if (!there || (*there).kind != FileKind::Directory) co_await make_directory(all[i], permissions);
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
