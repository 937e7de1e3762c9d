/// @file
/// UnixListener, UnixStream: connections inside one machine. stream_pair: two streams that are connected with each other.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/address.hpp>
#include <weft/io/socket.hpp>
#include <weft/io/stream_socket.hpp>
#include <weft/time/sleep.hpp>

namespace weft::inline v0 {
namespace io {

struct UnixListenOptions {
  int backlog = 1024;          ///< so many connections wait to be accepted; the system has a limit of its own (net.core.somaxconn)
  /// Of a path: a socket there that refuses connections, since nobody listens to it any more, is removed first. To know that, a connection is tried,
  /// which a server that lives sees come and go. Two programs that begin at the same moment may both find it stale, and a server that has made its
  /// file a moment ago may not listen yet: programs that are to be there once hold a lock of their own.
  bool replace_stale = false;
};

}  // namespace io

namespace detail {

/// Which file it is, whatever its name.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

[[nodiscard]] WEFT_API std::pair<io::Descriptor, io::Descriptor> make_socket_pair();

}  // namespace detail

namespace io {

/// What of a UnixListener does not depend on who compiles it: the socket and its file, which goes with it.
class UnixListenerSocket : public Socket {
 public:
  /// Closes it and removes its file, but none that somebody else has put there since. Pre: nobody accepts.
  WEFT_API void close() noexcept;

 protected:
  UnixListenerSocket() noexcept = default;
  /// Errors: see UnixListener::listen.
  WEFT_API UnixListenerSocket(const SocketAddress& address, const UnixListenOptions& options);
  explicit UnixListenerSocket(Descriptor listening) : Socket(detail::adopt_listener(std::move(listening)), SocketAddress()) {}
  UnixListenerSocket(UnixListenerSocket&& other) noexcept : Socket(std::move(other)), path_(std::exchange(other.path_, {})), file_(other.file_) {}
  UnixListenerSocket& operator=(UnixListenerSocket&& other) noexcept {
    if (this != &other) {
      close();
      Socket::operator=(std::move(other));
      path_ = std::exchange(other.path_, {});
      file_ = other.file_;
    }
    return *this;
  }
  ~UnixListenerSocket() { close(); }

 private:
  std::string path_;     // empty: there is no file
  detail::FileId file_;  // what it has made there
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A connection inside one machine. What can be done with it is said of StreamSocket.
class UnixStream : public StreamSocket {
 public:
  using StreamSocket::StreamSocket;
  explicit UnixStream(detail::ConnectedSocket connected) noexcept : StreamSocket(std::move(connected.file), connected.peer) {}

  /// Connects to an address. While the listener has no room it is tried again, after 1 ms, 2 ms and so on up to 32 ms: Linux does not say when there
  /// is.
  ///
  /// Errors: std::system_error: "weft: connect of unix:/run/socket: Connection refused"; OperationCancelled.
  /// Cost:   a coroutine frame.
  [[nodiscard("co_await it")]] static Task<UnixStream> connect(SocketAddress address) {
    Descriptor file = detail::make_unix_socket(address, "connect");
    std::chrono::milliseconds pause{1};
    while (!detail::try_connect_unix(file.number(), address)) {
      co_await sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::milliseconds{32});
    }
    co_return UnixStream(std::move(file), address);
  }
};

/// Takes connections, as TcpListener. A socket that is a file is removed when the listener is closed, if it is still the one that the listener has made.
class UnixListener : public UnixListenerSocket {
 public:
  /// None.
  UnixListener() noexcept = default;

  /// As TcpListener. The file, if it has one, is left to whoever has made it.
  explicit UnixListener(Descriptor listening) : UnixListenerSocket(std::move(listening)) {}

  /// Begins to listen. Errors: std::system_error naming the address, "Address already in use" also for a file that is left from a program that has
  ///         been killed, unless it is to be replaced.
  [[nodiscard]] static UnixListener listen(const SocketAddress& address, const UnixListenOptions& options = {}) {
    return UnixListener(address, options);
  }

  /// As TcpListener::accept.
  [[nodiscard]] detail::SeriesCall<detail::AcceptOne, UnixStream> accept() noexcept {
    return detail::SeriesCall<detail::AcceptOne, UnixStream>(*this);
  }

 private:
  UnixListener(const SocketAddress& address, const UnixListenOptions& options) : UnixListenerSocket(address, options) {}
};

/// Two streams, each the other's peer. Errors: std::system_error.
[[nodiscard]] inline std::pair<UnixStream, UnixStream> stream_pair() {
  auto [one, other] = detail::make_socket_pair();
  return {UnixStream(std::move(one), SocketAddress()), UnixStream(std::move(other), SocketAddress())};
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
