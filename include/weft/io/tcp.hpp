/// @file
/// TcpListener, TcpStream.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/address.hpp>
#include <weft/io/socket.hpp>
#include <weft/io/stream_socket.hpp>
#include <weft/time/timeout.hpp>

namespace weft::inline v0 {
namespace io {

struct TcpListenOptions {
  int backlog = 1024;           ///< so many connections wait to be accepted; the system has a limit of its own (net.core.somaxconn)
  bool reuse_address = true;    ///< also while connections of an earlier listener are still on their way out
  bool reuse_port = false;      ///< other listeners with this option share the port, and the system spreads connections over them
  bool is_v6_only = false;      ///< of an IPv6 address: no IPv4
};

}  // namespace io

namespace detail {

[[nodiscard]] WEFT_API io::Descriptor listen_tcp(const io::SocketAddress& address, const io::TcpListenOptions& options);
WEFT_API void set_no_delay(int socket, bool is_on, const IoSubject& subject);
WEFT_API void set_keep_alive(int socket, const io::KeepAlive& options, const IoSubject& subject);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// A TCP connection. What can be done with it is said of StreamSocket.
///
/// Example: samples/http_server
class TcpStream : public StreamSocket {
 public:
  using StreamSocket::StreamSocket;
  explicit TcpStream(detail::ConnectedSocket connected) noexcept : StreamSocket(std::move(connected.file), connected.peer) {}

  /// Connects to an address. `co_await` gives the stream.
  ///
  /// Errors: std::system_error: "weft: connect of 127.0.0.1:80: Connection refused"; or_error() gives it as a value. OperationCancelled after a stop
  ///         request. Without one a peer that says nothing is given up by the system after about two minutes: use timeout().
  /// Cost:   what the system takes; no allocation.
  [[nodiscard]] static detail::SeriesCall<detail::ConnectOne, TcpStream> connect(const SocketAddress& address) noexcept {
    return detail::SeriesCall<detail::ConnectOne, TcpStream>(address);
  }
  /// Connects to a machine by its name: to its addresses one after another, until one answers.
  ///
  /// @param host  a name, or an address in digits
  /// @param port  of whatever listens there
  /// @param each  so long each address has, so that one that is dead does not take the time of the others; the default leaves room for three packets
  ///              that are lost. A time for all is timeout()'s business; it does not end the search for the name, whose time resolv.conf says.
  /// Errors: if none does, what the first has said, ETIMEDOUT ("Connection timed out") if that was nothing; those of resolve().
  /// Cost:   of resolve(), and some coroutine frames and a timer for each address.
  [[nodiscard("co_await it")]] static Task<TcpStream> connect(std::string host, std::uint16_t port,
                                                              std::chrono::nanoseconds each = std::chrono::seconds{10}) {
    std::vector<SocketAddress> addresses = co_await resolve(std::move(host), port);
    co_return co_await connect(std::move(addresses), each);
  }
  /// The same for addresses that are known. Pre: there is one at least.
  [[nodiscard("co_await it")]] static Task<TcpStream> connect(std::vector<SocketAddress> addresses, std::chrono::nanoseconds each) {
    if (addresses.empty()) throw UsageError("weft: io::TcpStream::connect was called without an address");
    const auto try_one = [](SocketAddress address) -> Task<IoResult<TcpStream>> { co_return co_await connect(address).or_error(); };
    std::error_code first;
    for (const SocketAddress& address : addresses) {
      std::optional<IoResult<TcpStream>> result = co_await completed_within(try_one(address), each);
      if (result && result->has_value()) co_return result->take();
      if (!first) first = result ? result->error() : std::make_error_code(std::errc::timed_out);
    }
    detail::throw_io_error(first, {"connect", &addresses.front(), &detail::describe_address});
  }

  /// On: what is written is sent at once, also while earlier data have not been confirmed (TCP_NODELAY). Errors: std::system_error.
  void set_no_delay(bool is_on) { detail::set_no_delay(native_handle(), is_on, subject("setting an option")); }
  /// Has the system ask whether the peer still lives when nothing is heard of it. Errors: std::system_error.
  void set_keep_alive(const KeepAlive& options = {}) { detail::set_keep_alive(native_handle(), options, subject("setting an option")); }
};

/// Takes connections.
///
/// A server's loop: what goes wrong with a connection that has not been accepted yet is dealt with inside (ECONNABORTED and the like: it is dropped,
/// and the next one is waited for). What is left are limits of this machine: EMFILE, ENFILE, ENOBUFS, ENOMEM. They leave the listener as it is and
/// the connection in its queue, so that the loop closes something, or sleeps for a moment, and goes on.
///
/// Threads:  several tasks may accept at the same time.
/// Lifetime: it is neither moved nor closed while somebody accepts.
/// Example:  samples/http_server
class TcpListener : public Socket {
 public:
  /// None.
  TcpListener() noexcept = default;

  /// Takes over a socket that listens, which a service manager has made for example, and has its calls not block (O_NONBLOCK). Whoever shares it
  /// leaves that as it is.
  ///
  /// Errors: std::system_error: "weft: listen of (no address): Bad file descriptor", "Invalid argument" if it does not listen; it is closed then.
  explicit TcpListener(Descriptor listening) : Socket(detail::adopt_listener(std::move(listening)), SocketAddress()) {}

  /// Begins to listen. Errors: std::system_error naming the address: "weft: listen of 127.0.0.1:80: Address already in use".
  [[nodiscard]] static TcpListener listen(const SocketAddress& address, const TcpListenOptions& options = {}) {
    return TcpListener(address, options);
  }

  /// Waits for a connection. `co_await` gives its stream, which has the peer's address.
  ///
  /// Errors: std::system_error naming the listener's address, see above; or_error() gives it as a value. OperationCancelled after a stop request: a
  ///         connection that came before it is given, one that comes later is for the next accept.
  /// Cost:   what the system takes; no allocation. Of those that wait already up to 32 are given in a row, where the kernel says that they wait
  ///         (Linux 6.10; epoll always).
  [[nodiscard]] detail::SeriesCall<detail::AcceptOne, TcpStream> accept() noexcept {
    return detail::SeriesCall<detail::AcceptOne, TcpStream>(*this);
  }

 private:
  TcpListener(const SocketAddress& address, const TcpListenOptions& options) : Socket(detail::listen_tcp(address, options), SocketAddress()) {}
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
