/// @file
/// FileInfo: what a file system knows of a file; io::stat.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/call.hpp>
#include <weft/io/or_error.hpp>

namespace weft::inline v0 {
namespace io {

enum class FileKind : std::uint8_t { Unknown, Regular, Directory, Link, Pipe, Socket, CharacterDevice, BlockDevice };

struct FileInfo {
  using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

  std::uint64_t size = 0;       ///< in bytes; what is in /proc says 0
  std::uint64_t allocated = 0;  ///< bytes that it takes on the disk: fewer than its size if it has holes
  FileKind kind = FileKind::Unknown;
  std::uint32_t permissions = 0;  ///< the twelve bits of chmod
  std::uint32_t links = 0;        ///< names that it has
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint64_t inode = 0;   ///< with `device`: which file it is
  std::uint64_t device = 0;  ///< dev_t
  Time accessed{};
  Time modified{};
  Time changed{};  ///< it or what is known of it
  Time created{};  ///< zero where nobody knows
  std::uint32_t block_size = 0;  ///< with which it is best read and written
  /// Zero: not known (before Linux 6.1), or it takes no direct I/O.
  std::uint32_t direct_memory_alignment = 0;
  std::uint32_t direct_offset_alignment = 0;

  /// To what addresses, offsets and lengths of direct I/O are to be aligned; 4096, which suits all disks, where it is not known.
  [[nodiscard]] std::size_t direct_alignment() const noexcept {
    const std::size_t known = std::max(direct_memory_alignment, direct_offset_alignment);
    return known != 0 ? known : 4096;
  }
};

/// What becomes of a path that ends in a symbolic link.
enum class Links : std::uint8_t {
  Follow,  ///< it stands for what it leads to
  Keep,    ///< it stands for itself
};

}  // namespace io

namespace detail {

/// What the kernel writes.
struct StatBuffer {
  alignas(8) std::array<std::byte, 256> bytes;
};
[[nodiscard]] WEFT_API io::FileInfo file_info(const StatBuffer& buffer) noexcept;
/// What to ask for, of a path or, without one, of a file.
[[nodiscard]] WEFT_API IoRequest stat_request(io::Links links) noexcept;
[[nodiscard]] WEFT_API IoRequest stat_request(int fd) noexcept;

inline namespace WEFT_TRANSFER_NAMESPACE {

class [[nodiscard("co_await it")]] FileInfoCall : public PathCall {
 public:
  using Value = io::FileInfo;

  FileInfoCall(std::string&& path, io::Links links) : PathCall(stat_request(links), "stat", std::move(path)) { refer_to_buffer(); }
  FileInfoCall(int descriptor, const IoSubject& file) noexcept : PathCall(stat_request(descriptor), file) { refer_to_buffer(); }

  FileInfoCall(FileInfoCall&& not_begun) noexcept : PathCall(std::move(not_begun)) { refer_to_buffer(); }

  io::FileInfo await_resume() { return value(end_or_throw()); }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<FileInfoCall> or_error() && { return OrError<FileInfoCall>(std::move(*this)); }

 protected:
  [[nodiscard]] io::FileInfo value(std::int32_t /*result*/) const noexcept { return file_info(buffer_); }

 private:
  void refer_to_buffer() noexcept { address_2 = &buffer_; }

  StatBuffer buffer_;  // written by the kernel
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Asks what there is to know of a file: `const io::FileInfo info = co_await io::stat(path)`.
///
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait; on a fiber, this_fiber::await(io::stat(path)).
/// Errors:   std::system_error, "weft: stat of 'path': ..."; `.or_error()` gives it as a value. OperationCancelled when the task is asked to stop.
/// Cost:     one operation; where the kernel does not have the answer in memory, one of its threads waits for the disk.
[[nodiscard]] inline detail::FileInfoCall stat(std::string path, Links links = Links::Follow) { return {std::move(path), links}; }

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
