#include "gz_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "program/input_error.hpp"

namespace legacy_port {

using program::InputError;

namespace {

constexpr unsigned kCompressedBytes = 64 * 1024;  // that zlib reads at once

void check_kind(const std::string& name) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(name, error);
  if (!std::filesystem::status_known(status)) {
    throw InputError(name, "it cannot be read: " + error.message());
  }
  if (!std::filesystem::exists(status)) throw InputError(name, "there is no such file");
  if (std::filesystem::is_directory(status)) {
    throw InputError(name, "it is a directory, not a file");
  }
  // Whoever waits for the other end of a pipe cannot be stopped.
  if (!std::filesystem::is_regular_file(status)) {
    throw InputError(name, "it is not a regular file");
  }
}

}  // namespace

GzFile::~GzFile() {
  if (file_ != nullptr) gzclose(file_);
}

void GzFile::open(const std::string& name) {
  name_ = name;
  check_kind(name);
  file_ = gzopen(name.c_str(), "rbe");
  if (file_ == nullptr) {
    throw InputError(name, std::string("it cannot be read: ") + std::strerror(errno));
  }
  gzbuffer(file_, kCompressedBytes);
}

std::string GzFile::read(std::size_t most) {
  std::string bytes(most, '\0');
  errno = 0;
  const int got = gzread(file_, bytes.data(), static_cast<unsigned>(most));
  const int cause = errno;
  int code = Z_OK;
  const char* const message = gzerror(file_, &code);
  if (code == Z_BUF_ERROR)
    throw InputError(name_, "it is truncated: its compressed data ends too early");
  if (code == Z_ERRNO)
    throw InputError(name_, std::string("reading it failed: ") + std::strerror(cause));
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    std::string why = message;  // begins with the name
    if (why.rfind(name_ + ": ", 0) == 0) why.erase(0, name_.size() + 2);
    throw InputError(name_, "it cannot be inflated: " + why);
  }
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace legacy_port
