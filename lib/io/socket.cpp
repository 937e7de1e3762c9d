#include <weft/io/socket.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace weft::inline v0::detail {

namespace {

[[noreturn]] void throw_failed(int error, const char* what, const io::SocketAddress& address) {
  throw_io_error(error, {what, &address, &describe_address});
}

io::SocketAddress address_of(int fd, int (*ask)(int, sockaddr*, socklen_t*), int& error) noexcept {
  sockaddr_storage native{};
  socklen_t size = sizeof native;
  error = ask(fd, reinterpret_cast<sockaddr*>(&native), &size) == 0 ? 0 : errno;
  return error == 0 ? io::SocketAddress::from_native(reinterpret_cast<const sockaddr*>(&native), size) : io::SocketAddress();
}

int own_address(int fd, sockaddr* to, socklen_t* size) { return ::getsockname(fd, to, size); }
int address_of_peer(int fd, sockaddr* to, socklen_t* size) { return ::getpeername(fd, to, size); }

/// Has the calls of a socket not block that somebody else has made, if an option of it has the value that it should.
/// Errors: as make_socket; EINVAL: it has another.
void adopt(int fd, int option, int wanted, const char* what) {
  int error = 0;
  const io::SocketAddress address = address_of(fd, &own_address, error);
  int value = 0;
  socklen_t size = sizeof value;
  if (error == 0 && ::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) error = errno;
  if (error == 0 && value != wanted) error = EINVAL;
  const int flags = error == 0 ? ::fcntl(fd, F_GETFL) : 0;
  if (error == 0 && (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)) error = errno;
  if (error != 0) throw_failed(error, what, address);
}

/// A peer that has gone before it was accepted, and what Linux hands on of the network's errors: nothing is wrong with the listener.
bool is_of_peer(std::int32_t result) noexcept {
  switch (-result) {
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

std::string describe_address(const void* address) { return static_cast<const io::SocketAddress*>(address)->to_string(); }

io::Descriptor make_socket(int type, const io::SocketAddress& address, const char* what) {
  io::Descriptor made(::socket(address.native_family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.is_open()) throw_failed(errno, what, address);
  return made;
}

io::Descriptor make_unix_socket(const io::SocketAddress& address, const char* what) {
  if (address.family() != io::AddressFamily::Unix) throw_failed(EAFNOSUPPORT, what, address);
  return make_socket(SOCK_STREAM, address, what);
}

void bind_socket(int fd, const io::SocketAddress& address, const char* what) {
  if (::bind(fd, address.native(), address.native_size()) != 0) throw_failed(errno, what, address);
}

void listen_on(int fd, const io::SocketAddress& address, int backlog) {
  if (::listen(fd, backlog) != 0) throw_failed(errno, "listen", address);
}

io::Descriptor adopt_listener(io::Descriptor file) {
  adopt(file.number(), SO_ACCEPTCONN, 1, "listen");
  return file;
}

ConnectedSocket adopt_datagram_socket(io::Descriptor file) {
  adopt(file.number(), SO_TYPE, SOCK_DGRAM, "bind");
  int is_not_connected = 0;
  const io::SocketAddress peer = address_of(file.number(), &address_of_peer, is_not_connected);
  return {std::move(file), peer};
}

void set_socket_option(int fd, int level, int option, int value, const IoSubject& subject) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) throw_io_error(errno, subject);
}

void connect_socket(int fd, const io::SocketAddress& address) {
  if (::connect(fd, address.native(), address.native_size()) != 0) throw_failed(errno, "connect", address);
}

bool try_connect_unix(int fd, const io::SocketAddress& address) {
  if (::connect(fd, address.native(), address.native_size()) == 0) return true;
  if (errno != EAGAIN && errno != EINTR) throw_failed(errno, "connect", address);
  return false;
}

AcceptOne::~AcceptOne() = default;

bool AcceptOne::next(IoRequest& request) noexcept {
  if (accepted_.is_open()) return false;
  size_ = kMost;
  request = {.code = IoCode::Accept,
             .fd = listener_->native_handle(),
             .flags = unsigned{SOCK_CLOEXEC} | unsigned{SOCK_NONBLOCK},
             .address = address_.data(),
             .address_2 = &size_};
  return true;
}

void AcceptOne::take(std::int32_t result) noexcept {
  static_assert(sizeof(sockaddr_storage) <= kMost && sizeof(socklen_t) == sizeof size_);
  if (result >= 0) {
    accepted_ = io::Descriptor(result);
  } else if (!is_of_peer(result)) {
    fail(result);
  }
}

IoSubject AcceptOne::subject() const noexcept { return listener_->subject("accept"); }

ConnectedSocket AcceptOne::take_value() noexcept {
  return {std::move(accepted_), io::SocketAddress::from_native(reinterpret_cast<const sockaddr*>(address_.data()), size_)};
}

ConnectOne::~ConnectOne() = default;

bool ConnectOne::next(IoRequest& request) noexcept {
  if (is_connected_) return false;
  if (to_.family() == io::AddressFamily::Unix) {
    fail(-EAFNOSUPPORT);
    return false;
  }
  file_ = io::Descriptor(::socket(to_.native_family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!file_.is_open()) {
    fail(-errno);
    return false;
  }
  request = {.code = IoCode::Connect, .fd = file_.number(), .length = to_.native_size(), .address = to_.native()};
  return true;
}

void ConnectOne::take(std::int32_t result) noexcept {
  is_connected_ = result >= 0;
  if (!is_connected_) fail(result);
}

IoSubject ConnectOne::subject() const noexcept { return {"connect", &to_, &describe_address}; }

ConnectedSocket ConnectOne::take_value() noexcept { return {std::move(file_), to_}; }

}  // namespace weft::inline v0::detail

namespace weft::inline v0::io {

SocketAddress Socket::local_address() const {
  int error = 0;
  const SocketAddress address = detail::address_of(native_handle(), &detail::own_address, error);
  if (error != 0) detail::throw_io_error(error, subject("address"));
  return address;
}

std::string Socket::describe() const {
  const bool is_named = peer_ && (peer_.family() != AddressFamily::Unix || !peer_.path().empty());
  if (is_named) return peer_.to_string();
  int error = 0;
  const SocketAddress own = detail::address_of(native_handle(), &detail::own_address, error);
  return error == 0 ? own.to_string() : "a closed socket";
}

std::string Socket::describe_socket(const void* socket) { return static_cast<const Socket*>(socket)->describe(); }

void Socket::set_option(int level, int option, int value) {
  detail::set_socket_option(native_handle(), level, option, value, subject("setting an option"));
}

int Socket::option(int level, int option) const {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(native_handle(), level, option, &value, &size) != 0) detail::throw_io_error(errno, subject("reading an option"));
  return value;
}

void Socket::set_send_buffer(std::size_t bytes) { set_option(SOL_SOCKET, SO_SNDBUF, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX))); }
void Socket::set_receive_buffer(std::size_t bytes) { set_option(SOL_SOCKET, SO_RCVBUF, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX))); }

}  // namespace weft::inline v0::io
