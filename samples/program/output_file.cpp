#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include "input_error.hpp"

namespace program {
namespace {

namespace fs = std::filesystem;

/// The temporary files that exist now.
struct Unfinished {
  std::mutex mutex;
  // ---- guarded by mutex ----
  std::set<fs::path> paths;

  void remove(const fs::path& path) {
    ::unlink(path.c_str());
    paths.erase(path);
  }
};

Unfinished unfinished;

/// Finds where the bytes will go in the end, so that a rename replaces no link.
fs::path follow_links(fs::path path, const std::string& name) {
  std::error_code error;
  for (int i = 0; i < 40 && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    const fs::path target = fs::read_symlink(path, error);
    if (error) throw InputError(name, "it is a link that cannot be read: " + error.message());
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  return path;
}

void check_kind(const fs::path& path, const std::string& name) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::status_known(status)) {
    throw InputError(name, "it cannot be written: " + error.message());
  }
  if (!fs::exists(status)) return;
  if (fs::is_directory(status)) throw InputError(name, "it is a directory, not a file");
  if (!fs::is_regular_file(status)) {
    throw InputError(name, "it is not a regular file, and only such are overwritten");
  }
  if (::access(path.c_str(), W_OK) != 0) {
    throw InputError(name, std::string("it cannot be overwritten: ") + std::strerror(errno));
  }
}

}  // namespace

OutputFile::OutputFile(const fs::path& path)
    : name_(path.string()), final_(follow_links(path, name_)) {
  if (!final_.has_filename()) throw InputError(name_, "it is no name for a file");
  check_kind(final_, name_);
  make_temporary();
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  const std::lock_guard lock(unfinished.mutex);
  unfinished.remove(temporary_);
}

void OutputFile::make_temporary() {
  // Held from before there is a file, so that remove_unfinished_files() misses none.
  const std::lock_guard lock(unfinished.mutex);
  for (int attempt = 0; attempt < 100; ++attempt) {
    // Not the final name with an ending, which could be too long.
    temporary_ = final_.parent_path() /
                 (std::string(program_invocation_short_name) + "-" + std::to_string(::getpid()) +
                  "-" + std::to_string(attempt) + ".part");
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) {
      unfinished.paths.insert(temporary_);
      return;
    }
    if (errno != EEXIST) break;
  }
  fail("it cannot be written: ");
}

void OutputFile::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing it failed: ");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// A file that only its owner could read stays so.
void OutputFile::keep_mode() const {
  struct stat old = {};
  if (::stat(final_.c_str(), &old) == 0) (void)::fchmod(descriptor_, old.st_mode & 0777U);
}

void OutputFile::commit() {
  keep_mode();
  // Without this a power failure may leave an empty file under the final name. Some file systems
  // have nothing to wait for and say so.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOSYS) fail("writing it failed: ");
  const std::lock_guard lock(unfinished.mutex);
  const bool is_closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (is_closed && std::rename(temporary_.c_str(), final_.c_str()) == 0) {
    unfinished.paths.erase(temporary_);
    return;
  }
  const int cause = errno;
  unfinished.remove(temporary_);
  errno = cause;
  fail("writing it failed: ");
}

void OutputFile::fail(const char* what) const {
  throw InputError(name_, std::string(what) + std::strerror(errno));
}

void check_writable(const fs::path& path) { const OutputFile probe(path); }

void remove_unfinished_files() {
  // Never given back: nobody may make a file, or rename one that is gone, while the program ends.
  unfinished.mutex.lock();
  for (const fs::path& path : unfinished.paths) ::unlink(path.c_str());
}

}  // namespace program
