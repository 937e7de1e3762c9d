/// @file
/// What all sockets have in common.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/address.hpp>
#include <weft/io/descriptor.hpp>
#include <weft/io/series.hpp>

namespace weft::inline v0 {
namespace detail {
class AcceptOne;
class ConnectOne;
}  // namespace detail

namespace io {

/// When a connection of which nothing is heard is given up (SO_KEEPALIVE).
struct KeepAlive {
  std::chrono::seconds idle{60};      ///< after so long the peer is asked for the first time
  std::chrono::seconds interval{10};  ///< and again after so long each
  int count = 6;                      ///< so many questions without an answer are the end
};

/// What TcpListener, StreamSocket, UdpSocket and the others share: a socket with what is known of it. By itself it waits for nothing.
///
/// Threads: one at a time, except where a class says something else.
class Socket {
 public:
  [[nodiscard]] bool is_open() const noexcept { return file_.is_open(); }
  /// The descriptor, which stays the socket's.
  [[nodiscard]] int native_handle() const noexcept { return file_.number(); }
  /// Gives the descriptor away.
  [[nodiscard]] Descriptor release() noexcept { return std::move(file_); }
  /// Closes it. For a stream with nothing left to read the peer then sees its end; otherwise, or after reset_on_close, a reset.
  ///
  /// Pre: no operation on it is under way: have it end first, by a stop request or, for a stream, by both shutdown_read and
  ///      shutdown_write: one alone ends what waits only with some backends.
  void close() noexcept { file_.close(); }

  /// Who is at the other end; none if it is not connected.
  [[nodiscard]] const SocketAddress& peer_address() const noexcept { return peer_; }
  /// Its own. Errors: std::system_error.
  [[nodiscard]] WEFT_API SocketAddress local_address() const;
  /// What errors call it: the peer's address, or its own if that has none. Threads: any.
  [[nodiscard]] WEFT_API std::string describe() const;

  /// How much the kernel keeps of what is sent and not yet received, and the other way round; it takes twice as much for its own needs.
  /// Errors, these and the following: std::system_error.
  WEFT_API void set_send_buffer(std::size_t bytes);
  WEFT_API void set_receive_buffer(std::size_t bytes);
  /// An option of the system's that has no member of its own.
  WEFT_API void set_option(int level, int option, int value);
  [[nodiscard]] WEFT_API int option(int level, int option) const;

 protected:
  Socket() noexcept = default;
  Socket(Descriptor file, const SocketAddress& peer) noexcept : file_(std::move(file)), peer_(peer) {}
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&&) noexcept = default;
  ~Socket() = default;

  [[nodiscard]] detail::IoSubject subject(const char* what) const noexcept { return {what, this, &describe_socket}; }
  void set_peer(const SocketAddress& peer) noexcept { peer_ = peer; }

 private:
  friend class detail::AcceptOne;
  friend class detail::ConnectOne;
  WEFT_API static std::string describe_socket(const void* socket);

  Descriptor file_;
  SocketAddress peer_;
};

}  // namespace io

namespace detail {

/// A connection: what accept and connect give, before it is a stream of some kind.
struct ConnectedSocket {
  io::Descriptor file;
  io::SocketAddress peer;
};

inline constexpr int kDatagramSocket = 2;  // SOCK_DGRAM

/// Makes a socket whose calls do not block. Errors: std::system_error, naming `what` is to be done to `address`.
[[nodiscard]] WEFT_API io::Descriptor make_socket(int type, const io::SocketAddress& address, const char* what);
/// The same for a stream within this machine. Errors: as make_socket; EAFNOSUPPORT: the address is none of a Unix socket.
[[nodiscard]] WEFT_API io::Descriptor make_unix_socket(const io::SocketAddress& address, const char* what);
/// Errors: as make_socket.
WEFT_API void bind_socket(int fd, const io::SocketAddress& address, const char* what);
WEFT_API void listen_on(int fd, const io::SocketAddress& address, int backlog);
/// Takes over a socket that listens, and has its calls not block. Errors: as make_socket; EINVAL: it does not listen.
[[nodiscard]] WEFT_API io::Descriptor adopt_listener(io::Descriptor file);
/// Takes over a datagram socket, and has its calls not block. Errors: as make_socket; EINVAL: it is of another kind.
[[nodiscard]] WEFT_API ConnectedSocket adopt_datagram_socket(io::Descriptor file);
WEFT_API void set_socket_option(int fd, int level, int option, int value, const IoSubject& subject);
WEFT_API void connect_socket(int fd, const io::SocketAddress& address);
/// False: the listener has no room at the moment, and nobody says when. Errors: as make_socket.
[[nodiscard]] WEFT_API bool try_connect_unix(int fd, const io::SocketAddress& address);
[[nodiscard]] WEFT_API std::string describe_address(const void* address);

/// Waits for a connection that somebody else has begun.
class WEFT_API AcceptOne : public IoSeries {
 public:
  explicit AcceptOne(const io::Socket& listener) noexcept : listener_(&listener) {}
  AcceptOne(const AcceptOne& not_begun) noexcept : IoSeries(not_begun), listener_(not_begun.listener_) {}
  AcceptOne& operator=(const AcceptOne&) = delete;
  ~AcceptOne() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  [[nodiscard]] ConnectedSocket take_value() noexcept;

 private:
  static constexpr std::size_t kMost = 128;  // of the largest address there is

  const io::Socket* listener_;
  io::Descriptor accepted_;
  std::uint32_t size_ = 0;
  alignas(8) std::array<std::byte, kMost> address_{};
};

/// Makes a socket and connects it.
class WEFT_API ConnectOne : public IoSeries {
 public:
  explicit ConnectOne(const io::SocketAddress& to) noexcept : to_(to) {}
  ConnectOne(const ConnectOne& not_begun) noexcept : IoSeries(not_begun), to_(not_begun.to_) {}
  ConnectOne& operator=(const ConnectOne&) = delete;
  ~ConnectOne() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  [[nodiscard]] ConnectedSocket take_value() noexcept;

 private:
  io::SocketAddress to_;
  io::Descriptor file_;
  bool is_connected_ = false;
};

}  // namespace detail
}  // namespace weft::inline v0
