#include <weft/io/walk.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include <weft/io/call.hpp>

namespace weft::inline v0::io {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

[[noreturn]] void fail(int error, const std::string& path) {
  const auto describe = [](const void* object) { return "'" + *static_cast<const std::string*>(object) + "'"; };
  detail::throw_io_error(error, {"walk", &path, describe});
}

FileKind kind_of_mode(mode_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileKind::Regular;
    case S_IFDIR: return FileKind::Directory;
    case S_IFLNK: return FileKind::Link;
    case S_IFIFO: return FileKind::Pipe;
    case S_IFSOCK: return FileKind::Socket;
    case S_IFCHR: return FileKind::CharacterDevice;
    case S_IFBLK: return FileKind::BlockDevice;
    default: return FileKind::Unknown;
  }
}

}  // namespace

void DirectoryWalk::look() {
  while (!is_known()) {
    if (!has_begun_) {
      has_begun_ = true;
      enter(root_);
    } else if (is_to_enter_) {
      is_to_enter_ = false;
      const Level& level = levels_.back();
      enter(path_of(level, level.children[level.next - 1]));
    } else {
      levels_.pop_back();
    }
  }
}

/// Errors: if nobody is told of them instead.
void DirectoryWalk::enter(std::string path) {
  try {
    Level level = read(std::move(path), levels_.empty());
    if (!is_inside(level)) levels_.push_back(std::move(level));
  } catch (const std::system_error& error) {
    if (!options_.on_unreadable) throw;
    options_.on_unreadable(error);
  }
}

/// Whether the walk is in that directory already, having followed a link upwards.
bool DirectoryWalk::is_inside(const Level& level) const noexcept {
  return std::any_of(levels_.begin(), levels_.end(), [&](const Level& one) { return one.device == level.device && one.inode == level.inode; });
}

DirectoryWalk::Level DirectoryWalk::read(std::string path, bool is_root) const {
  Level level;
  level.path = std::move(path);
  // That was a directory when its kind was asked for, and may be a link by now.
  const int follow = is_root || options_.follow_links ? 0 : O_NOFOLLOW;
  const int descriptor = ::open(level.path.find('\0') == std::string::npos ? level.path.c_str() : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
  if (descriptor < 0) fail(errno, level.path);
  const Directory directory(::fdopendir(descriptor));
  if (directory == nullptr) {
    const int error = errno;
    ::close(descriptor);
    fail(error, level.path);
  }
  struct stat info {};
  if (options_.follow_links && ::fstat(descriptor, &info) == 0) {
    level.device = info.st_dev;
    level.inode = info.st_ino;
  } else {
    level.inode = levels_.size() + 1;  // there is no way back up
  }
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") level.children.push_back({std::string(name), kind_of(descriptor, entry->d_name, entry->d_type)});
  }
  if (errno != 0) fail(errno, level.path);
  if (options_.is_sorted) {
    std::sort(level.children.begin(), level.children.end(), [](const Child& a, const Child& b) { return a.name < b.name; });
  }
  return level;
}

/// Unknown: it is gone, or nobody may know.
FileKind DirectoryWalk::kind_of(int directory, const char* name, unsigned char type) const noexcept {
  const bool is_link = type == DT_LNK;
  if (type != DT_UNKNOWN && !(is_link && options_.follow_links)) return kind_of_mode(DTTOIF(type));
  struct stat info {};
  if (::fstatat(directory, name, &info, options_.follow_links ? 0 : AT_SYMLINK_NOFOLLOW) == 0) return kind_of_mode(info.st_mode);
  // A link that leads nowhere is one all the same.
  if (options_.follow_links && ::fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0) return kind_of_mode(info.st_mode);
  return FileKind::Unknown;
}

std::string DirectoryWalk::path_of(const Level& level, const Child& child) const {
  std::string path = level.path;
  if (!path.ends_with('/')) path += '/';
  path += child.name;
  return path;
}

std::optional<DirectoryEntry> DirectoryWalk::take() {
  if (levels_.empty()) return std::nullopt;
  Level& level = levels_.back();
  const Child& child = level.children[level.next];
  DirectoryEntry entry{path_of(level, child), child.kind, levels_.size() - 1};
  ++level.next;
  is_to_enter_ = child.kind == FileKind::Directory && entry.depth < options_.max_depth;
  return entry;
}

}  // namespace weft::inline v0::io
