#include <weft/io/tcp.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace weft::inline v0::detail {

namespace {

void set(int socket, int level, int option, std::int64_t value, const IoSubject& subject) {
  set_socket_option(socket, level, option, static_cast<int>(std::min<std::int64_t>(value, INT_MAX)), subject);
}

}  // namespace

io::Descriptor listen_tcp(const io::SocketAddress& address, const io::TcpListenOptions& options) {
  const IoSubject subject{"listen", &address, &describe_address};
  if (address.family() == io::AddressFamily::Unix) throw_io_error(EAFNOSUPPORT, subject);
  io::Descriptor listener = make_socket(SOCK_STREAM, address, "listen");
  const int fd = listener.number();
  set(fd, SOL_SOCKET, SO_REUSEADDR, options.reuse_address ? 1 : 0, subject);
  if (options.reuse_port) set(fd, SOL_SOCKET, SO_REUSEPORT, 1, subject);
  if (address.family() == io::AddressFamily::IPv6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.is_v6_only ? 1 : 0, subject);
  bind_socket(fd, address, "listen");
  listen_on(fd, address, options.backlog);
  return listener;
}

void set_no_delay(int socket, bool is_on, const IoSubject& subject) { set(socket, IPPROTO_TCP, TCP_NODELAY, is_on ? 1 : 0, subject); }

void set_keep_alive(int socket, const io::KeepAlive& options, const IoSubject& subject) {
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, options.idle.count(), subject);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, options.interval.count(), subject);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, options.count, subject);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1, subject);
}

}  // namespace weft::inline v0::detail
