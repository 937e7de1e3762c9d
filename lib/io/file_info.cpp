#include <weft/io/file_info.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>

namespace weft::inline v0::detail {

namespace {

// Since Linux 6.1; older headers of the C library do not have the two words, which are at the end of what they call spare.
constexpr std::uint32_t kDirectAlignment = 0x2000;  // STATX_DIOALIGN
constexpr std::size_t kDirectMemoryAt = 0x98;
constexpr std::size_t kDirectOffsetAt = 0x9c;

io::FileKind kind_of(std::uint32_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return io::FileKind::Regular;
    case S_IFDIR: return io::FileKind::Directory;
    case S_IFLNK: return io::FileKind::Link;
    case S_IFIFO: return io::FileKind::Pipe;
    case S_IFSOCK: return io::FileKind::Socket;
    case S_IFCHR: return io::FileKind::CharacterDevice;
    case S_IFBLK: return io::FileKind::BlockDevice;
    default: return io::FileKind::Unknown;
  }
}

io::FileInfo::Time time_of(const struct statx_timestamp& time) noexcept {
  return io::FileInfo::Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::uint32_t word_at(const StatBuffer& buffer, std::size_t at) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, buffer.bytes.data() + at, sizeof word);
  return word;
}

constexpr std::uint32_t kMask = STATX_BASIC_STATS | STATX_BTIME | kDirectAlignment;

}  // namespace

io::FileInfo file_info(const StatBuffer& buffer) noexcept {
  static_assert(sizeof(struct statx) == sizeof buffer.bytes);
  struct statx from {};
  std::memcpy(&from, buffer.bytes.data(), sizeof from);
  io::FileInfo info;
  info.size = from.stx_size;
  info.allocated = from.stx_blocks * 512;
  info.kind = kind_of(from.stx_mode);
  info.permissions = from.stx_mode & 07777U;
  info.links = from.stx_nlink;
  info.user = from.stx_uid;
  info.group = from.stx_gid;
  info.inode = from.stx_ino;
  info.device = makedev(from.stx_dev_major, from.stx_dev_minor);
  info.accessed = time_of(from.stx_atime);
  info.modified = time_of(from.stx_mtime);
  info.changed = time_of(from.stx_ctime);
  if ((from.stx_mask & STATX_BTIME) != 0) info.created = time_of(from.stx_btime);
  info.block_size = from.stx_blksize;
  if ((from.stx_mask & kDirectAlignment) != 0) {
    info.direct_memory_alignment = word_at(buffer, kDirectMemoryAt);
    info.direct_offset_alignment = word_at(buffer, kDirectOffsetAt);
  }
  return info;
}

IoRequest stat_request(io::Links links) noexcept {
  return {.code = IoCode::Stat, .fd = AT_FDCWD, .flags = links == io::Links::Keep ? std::uint32_t{AT_SYMLINK_NOFOLLOW} : 0, .mode = kMask};
}

IoRequest stat_request(int fd) noexcept { return {.code = IoCode::Stat, .fd = fd, .flags = AT_EMPTY_PATH, .mode = kMask}; }

}  // namespace weft::inline v0::detail
