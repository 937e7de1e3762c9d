#include "static_files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

#include "program/input_error.hpp"

namespace http_server {
namespace {

constexpr int kMostTries = 100;
constexpr std::uint64_t kLargestRead = 16 * 1024;  // to copy so much costs less than a packet more

const char* type_of(std::string_view path) {
  struct Type {
    std::string_view ending;
    const char* name;
  };
  constexpr Type kTypes[] = {
      {".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},    {".js", "text/javascript; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"}, {".md", "text/markdown; charset=utf-8"}, {".json", "application/json"},
      {".svg", "image/svg+xml"},             {".png", "image/png"},                   {".jpg", "image/jpeg"},
  };
  for (const Type& type : kTypes) {
    if (path.ends_with(type.ending)) return type.name;
  }
  return "application/octet-stream";
}

/// None: errno says why.
weft::io::Descriptor open_beneath(int folder, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed meanwhile, and the kernel does not know whether the path stays below. EINTR: a network file system.
  for (int tries = 0;; ++tries) {
    weft::io::Descriptor opened(static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how)));
    if (opened.is_open() || (errno != EAGAIN && errno != EINTR) || tries == kMostTries) return opened;
  }
}

/// Whether the path is what is wrong: there is no such file for those who ask.
bool is_of_path(int error) {
  constexpr int kOfPath[] = {ENOENT, ENOTDIR, EACCES, ELOOP, EXDEV, ENAMETOOLONG, ENXIO, ENODEV};
  return std::find(std::begin(kOfPath), std::end(kOfPath), error) != std::end(kOfPath);
}

/// Nothing: it cannot be read.
std::optional<std::string> content_of(int file, std::size_t size) {
  std::string content(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(file, content.data() + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;  // it has become shorter
    done += static_cast<std::size_t>(count);
  }
  content.resize(done);
  return content;
}

}  // namespace

StaticFiles::StaticFiles(const std::string& folder) : folder_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  // With O_PATH it is open even if nothing in it may be.
  if (!folder_.is_open() || ::faccessat(folder_.number(), ".", X_OK, AT_EACCESS) != 0) {
    throw program::InputError(folder, std::generic_category().message(errno));
  }
  if (!open_beneath(folder_.number(), ".", O_PATH).is_open()) {
    throw program::InputError(folder, "openat2 does not work here, which keeps clients in the folder (Linux 5.6, and a sandbox has to let it pass): " +
                                          std::generic_category().message(errno));
  }
}

std::optional<OpenFile> StaticFiles::open(std::string_view path) const {
  std::string relative(path.substr(1));
  if (relative.empty() || relative.back() == '/') relative += "index.html";
  // "//etc/passwd" has an absolute path behind its first '/'; the kernel refuses that one too.
  // Without O_NONBLOCK a FIFO in the folder would block until somebody writes into it.
  OpenFile opened{open_beneath(folder_.number(), relative.c_str(), O_RDONLY | O_NONBLOCK)};
  if (!opened.file.is_open()) {
    if (is_of_path(errno)) return std::nullopt;
    throw std::system_error(errno, std::system_category(), "opening a file");
  }
  struct stat info {};
  if (::fstat(opened.file.number(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  opened.size = static_cast<std::uint64_t>(info.st_size);
  opened.type = type_of(relative);
  if (opened.size <= kLargestRead) opened.content = content_of(opened.file.number(), opened.size);
  return opened;
}

}  // namespace http_server
