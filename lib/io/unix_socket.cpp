#include <weft/io/unix_socket.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace weft::inline v0::detail {

namespace {

/// Removes the file of a socket to which nobody listens.
void remove_if_stale(const io::SocketAddress& address) {
  const std::string path(address.path());
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const io::Descriptor probe = make_socket(SOCK_STREAM, address, "listen");
  if (::connect(probe.number(), address.native(), address.native_size()) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

}  // namespace

UnixListenerSocket::UnixListenerSocket(const io::SocketAddress& address, const io::UnixListenOptions& options)
    : Socket(make_socket(SOCK_STREAM, address, "listen"), io::SocketAddress()) {
  const bool is_file = !address.is_abstract() && !address.path().empty();
  if (is_file && options.replace_stale) remove_if_stale(address);
  bind_socket(native_handle(), address, "listen");
  if (is_file) path_ = address.path();
  try {
    listen_on(native_handle(), address, options.backlog);
  } catch (...) {
    close();
    throw;
  }
}

void UnixListenerSocket::close() noexcept {
  // First the file: who comes in between is refused, and nobody else's file is removed.
  if (is_open() && !path_.empty()) ::unlink(path_.c_str());
  Socket::close();
}

std::pair<io::Descriptor, io::Descriptor> make_socket_pair() {
  static_assert(kStreamSocket == SOCK_STREAM);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) throw_io_error(errno, {"stream_pair"});
  return {io::Descriptor(ends[0]), io::Descriptor(ends[1])};
}

}  // namespace weft::inline v0::detail
