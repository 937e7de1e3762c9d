#include <weft/io/unix_socket.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace weft::inline v0::detail {

namespace {

/// The socket of that name; nothing: there is none, but maybe something else.
std::optional<FileId> socket_at(const std::string& path) noexcept {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return std::nullopt;
  return FileId{info.st_dev, info.st_ino};
}

/// The path by which it is found also when the process has gone to another working directory.
std::string from_anywhere(std::string_view path) {
  std::error_code has_no_directory;
  const std::filesystem::path absolute = std::filesystem::absolute(path, has_no_directory);
  return has_no_directory ? std::string(path) : absolute.string();
}

/// Removes the file of a socket to which nobody listens.
void remove_if_stale(const io::SocketAddress& address) {
  const std::string path(address.path());
  const auto found = socket_at(path);
  if (!found) return;
  const io::Descriptor probe = make_socket(SOCK_STREAM, address, "listen");
  const bool is_refused = ::connect(probe.number(), address.native(), address.native_size()) != 0 && errno == ECONNREFUSED;
  // Another program that has found the same may be further.
  if (is_refused && socket_at(path) == found) ::unlink(path.c_str());
}

}  // namespace

std::pair<io::Descriptor, io::Descriptor> make_socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) throw_io_error(errno, {"stream_pair"});
  return {io::Descriptor(ends[0]), io::Descriptor(ends[1])};
}

}  // namespace weft::inline v0::detail

namespace weft::inline v0::io {

UnixListenerSocket::UnixListenerSocket(const SocketAddress& address, const UnixListenOptions& options)
    : Socket(detail::make_unix_socket(address, "listen"), SocketAddress()) {
  const bool is_file = !address.is_abstract() && !address.path().empty();
  if (is_file && options.replace_stale) detail::remove_if_stale(address);
  if (is_file) path_ = detail::from_anywhere(address.path());
  detail::bind_socket(native_handle(), address, "listen");
  if (is_file) file_ = detail::socket_at(path_).value_or(detail::FileId());
  try {
    detail::listen_on(native_handle(), address, options.backlog);
  } catch (...) {
    close();
    throw;
  }
}

void UnixListenerSocket::close() noexcept {
  // First the file: who comes in between is refused, and nobody else's file is removed.
  // As long as the socket is open the kernel keeps its file, whose number no other one can have then.
  if (is_open() && !path_.empty() && detail::socket_at(path_) == file_) ::unlink(path_.c_str());
  Socket::close();
}

}  // namespace weft::inline v0::io
