#include "output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "input_error.hpp"

namespace raytracer {
namespace {

namespace fs = std::filesystem;

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
  int descriptor = -1;
  for (int attempt = 0; attempt < 100 && descriptor < 0; ++attempt) {
    temporary_ = final_;
    temporary_ += ".part" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  if (descriptor < 0) {
    throw InputError(name_, std::string("it cannot be written: ") + std::strerror(errno));
  }
  stream_ = ::fdopen(descriptor, "wb");
  if (stream_ == nullptr) {
    ::close(descriptor);
    ::unlink(temporary_.c_str());
    throw InputError(name_, "it cannot be written: out of memory");
  }
}

OutputFile::~OutputFile() {
  if (stream_ == nullptr) return;
  std::fclose(stream_);
  ::unlink(temporary_.c_str());
}

void OutputFile::commit() {
  bool is_good = std::ferror(stream_) == 0 && std::fflush(stream_) == 0;
  int cause = errno;
  if (std::fclose(stream_) != 0 && is_good) {
    is_good = false;
    cause = errno;
  }
  stream_ = nullptr;
  if (is_good && std::rename(temporary_.c_str(), final_.c_str()) == 0) return;
  if (is_good) cause = errno;
  ::unlink(temporary_.c_str());
  throw InputError(name_, std::string("writing it failed: ") + std::strerror(cause));
}

void check_writable(const fs::path& path) { const OutputFile probe(path); }

}  // namespace raytracer
