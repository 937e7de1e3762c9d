/// @file
/// FileHandle: who closes a descriptor; and what of a File does not depend on who compiles it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/call.hpp>
#include <weft/io/descriptor.hpp>

struct iovec;

namespace weft::inline v0 {
namespace io {

/// Owns a descriptor, with the name by which errors call it.
///
/// Threads:  operations from any, at once; moving, closing and destroying by one, when no operation goes on.
/// Lifetime: stays where it is until the operations that were begun on it have ended.
class FileHandle {
 public:
  /// None: operations on it fail with EBADF.
  FileHandle() noexcept = default;
  /// Takes over a descriptor. `name` is for the text of errors.
  FileHandle(int descriptor, std::string name) noexcept : descriptor_(descriptor), name_(std::move(name)) {}
  FileHandle(FileHandle&&) noexcept = default;
  FileHandle& operator=(FileHandle&&) noexcept = default;
  /// Closes it, if nobody has, and does not say how that went: who has written ends with close().
  ~FileHandle() = default;

  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
  /// -1: there is none.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.number(); }
  /// The path that it was opened by, or the name that it was given.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Gives the descriptor away.
  [[nodiscard]] int release() noexcept { return descriptor_.release(); }

  /// What errors call it: 'path'.
  [[nodiscard]] std::string describe() const { return describe_handle(this); }
  /// For the text of an error: `what` was done to this file.
  [[nodiscard]] detail::IoSubject subject(const char* what) const noexcept { return {what, this, &FileHandle::describe_handle}; }

 private:
  WEFT_API static std::string describe_handle(const void* object);

  Descriptor descriptor_;
  std::string name_;
};

/// How a file is opened: `{.access = Access::Write, .create = true}`.
enum class Access : std::uint8_t { Read, Write, ReadWrite };
struct OpenOptions {
  Access access = Access::Read;
  bool append = false;      ///< every write goes to the end, whatever its offset
  bool create = false;      ///< if it is not there
  bool create_new = false;  ///< and it must not be there: EEXIST
  bool truncate = false;    ///< to nothing, if it is there
  /// Past the memory in which the kernel keeps files: addresses, offsets and lengths are to be aligned (FileInfo::direct_alignment, AlignedBuffer).
  /// Not every file system has it: EINVAL.
  bool direct = false;
  bool follow_link = true;  ///< false: a path that ends in a symbolic link is refused, ELOOP
  /// The permissions of a file that is created, before the umask.
  std::uint32_t permissions = 0666;
};

}  // namespace io

namespace detail {

/// Beyond these no file goes, and lengths have 32 bits: what is longer is done in part.
inline constexpr std::size_t kMostBytesAtOnce = std::size_t{1} << 30;
inline constexpr std::size_t kMostPartsAtOnce = 1024;  // IOV_MAX
inline constexpr std::uint64_t kLastOffset = ~std::uint64_t{0} >> 1;

[[nodiscard]] WEFT_API IoRequest open_request(const io::OpenOptions& options) noexcept;
[[nodiscard]] WEFT_API IoRequest transfer_request(IoCode code, int fd, const void* address, std::size_t size, std::uint64_t offset) noexcept;
[[nodiscard]] WEFT_API IoRequest vector_request(IoCode code, int fd, const iovec* parts, std::size_t count, std::uint64_t offset) noexcept;
/// The file's own position; of what has none, nothing that is of use.
[[nodiscard]] WEFT_API std::uint64_t position_of(int fd) noexcept;
/// Puts it behind what was done of a transfer, where it may not be: of a file that is not appended to.
WEFT_API void move_position(const IoRequest& done, std::uint64_t behind) noexcept;
/// For those who read or write in blocks: one that can be done at once, and directly.
[[nodiscard]] WEFT_API std::size_t rounded_block_size(std::size_t asked) noexcept;
/// Ends a close whose operation has given `result`; -ECANCELED: the kernel has not closed it. Returns an error number or 0.
[[nodiscard]] WEFT_API int finish_close(int fd, std::int32_t result) noexcept;
/// Whether a kernel that gives this error may not know the operation.
[[nodiscard]] WEFT_API bool is_unknown_operation(int error) noexcept;
/// By a system call. Returns an error number or 0.
[[nodiscard]] WEFT_API int truncate_file(int fd, std::uint64_t size) noexcept;
/// Whether to begin again what a signal has ended.
[[nodiscard]] WEFT_API bool is_interruption(int error) noexcept;
/// For a file that takes nothing and says no error, which to try again would be for ever. Errors: EIO.
[[noreturn]] WEFT_API void throw_wrote_nothing(const IoSubject& subject);
/// Where a file is: "." for a name alone.
[[nodiscard]] WEFT_API std::string directory_of(const std::string& path);
/// Closes a descriptor that nobody has got.
WEFT_API void close_descriptor(int fd) noexcept;

}  // namespace detail
}  // namespace weft::inline v0
