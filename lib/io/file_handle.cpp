#include <weft/io/file_handle.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <weft/io/aligned_buffer.hpp>

namespace weft::inline v0 {
namespace io {

std::string FileHandle::describe_handle(const void* object) { return "'" + static_cast<const FileHandle*>(object)->name_ + "'"; }

}  // namespace io

namespace detail {

IoRequest open_request(const io::OpenOptions& options) noexcept {
  int flags = O_CLOEXEC;
  switch (options.access) {
    case io::Access::Read: flags |= O_RDONLY; break;
    case io::Access::Write: flags |= O_WRONLY; break;
    case io::Access::ReadWrite: flags |= O_RDWR; break;
  }
  if (options.append) flags |= O_APPEND;
  if (options.create || options.create_new) flags |= O_CREAT;
  if (options.create_new) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  if (options.direct) flags |= O_DIRECT;
  if (!options.follow_link) flags |= O_NOFOLLOW;
  // The kernel refuses a mode where nothing is created.
  const std::uint32_t mode = (flags & O_CREAT) != 0 ? options.permissions : 0;
  return {.code = IoCode::Open, .fd = AT_FDCWD, .flags = static_cast<std::uint32_t>(flags), .mode = mode};
}

IoRequest transfer_request(IoCode code, int fd, const void* address, std::size_t size, std::uint64_t offset) noexcept {
  return {.code = code, .fd = fd, .length = static_cast<std::uint32_t>(std::min(size, kMostBytesAtOnce)), .address = address, .offset = offset};
}

IoRequest vector_request(IoCode code, int fd, const iovec* parts, std::size_t count, std::uint64_t offset) noexcept {
  return {.code = code, .fd = fd, .length = static_cast<std::uint32_t>(std::min(count, kMostPartsAtOnce)), .address = parts, .offset = offset};
}

std::uint64_t position_of(int fd) noexcept { return static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR)); }

void move_position(const IoRequest& done, std::uint64_t behind) noexcept {
  struct stat info {};
  const bool has_one = ::fstat(done.fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode));
  if (!has_one || (done.code == IoCode::Write && (::fcntl(done.fd, F_GETFL) & O_APPEND) != 0)) return;
  ::lseek(done.fd, static_cast<off_t>(behind), SEEK_SET);
}

std::size_t rounded_block_size(std::size_t asked) noexcept {
  const std::size_t within = std::clamp<std::size_t>(asked, 1, kMostBytesAtOnce);
  return (within + io::AlignedBuffer::kAlignment - 1) / io::AlignedBuffer::kAlignment * io::AlignedBuffer::kAlignment;
}

int finish_close(int fd, std::int32_t result) noexcept {
  if (result == -ECANCELED) result = ::close(fd) == 0 ? 0 : -errno;
  // The descriptor is free all the same, and to close it again could close one that another thread has got since.
  return result == -EINTR ? 0 : -result;
}

bool is_unknown_operation(int error) noexcept { return error == EINVAL || error == EOPNOTSUPP; }

int truncate_file(int fd, std::uint64_t size) noexcept {
  while (::ftruncate(fd, static_cast<off_t>(std::min(size, kLastOffset))) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool is_interruption(int error) noexcept { return error == EINTR; }

void throw_wrote_nothing(const IoSubject& subject) { throw_io_error(EIO, subject); }

void close_descriptor(int fd) noexcept { ::close(fd); }

}  // namespace detail
}  // namespace weft::inline v0
