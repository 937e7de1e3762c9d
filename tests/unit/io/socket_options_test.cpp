#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/udp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Runtime;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UdpSocket;

namespace {

/// What the kernel says, without the library.
int asked(int file, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(file, level, option, &value, &size) == 0 ? value : -1;
}

std::pair<int, int> linger_of(int file) {
  linger value{-1, -1};
  socklen_t size = sizeof value;
  static_cast<void>(::getsockopt(file, SOL_SOCKET, SO_LINGER, &value, &size));
  return {value.l_onoff, value.l_linger};
}

TcpPair connected_pair() { return weft::sync_wait(tcp_pair()); }

template <class F>
std::string message_of(F function) {
  try {
    static_cast<void>(function());
    return "";
  } catch (const std::system_error& error) {
    return error.what();
  }
}

/// How a read ends whose peer closes after `before_close`, with bytes under way.
template <class F>
std::error_code end_of_read(F before_close) {
  const auto reads = [&]() -> Task<std::error_code> {
    TcpPair pair = co_await tcp_pair();
    before_close(pair.client);
    pair.client.close();
    std::string byte(1, '\0');
    const auto result = co_await pair.server.read(bytes_in(byte)).or_error();
    co_return result.error();
  };
  return weft::sync_wait(reads());
}

}  // namespace

TEST_CASE("a stream sends at once when it is told to, and no longer when it is told not to") {
  TcpPair pair = connected_pair();
  const int file = pair.client.native_handle();
  CHECK(asked(file, IPPROTO_TCP, TCP_NODELAY) == 0);
  pair.client.set_no_delay(true);
  CHECK(asked(file, IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(asked(pair.server.native_handle(), IPPROTO_TCP, TCP_NODELAY) == 0);
  pair.client.set_no_delay(false);
  CHECK(asked(file, IPPROTO_TCP, TCP_NODELAY) == 0);
}

TEST_CASE("the system is told when a silent peer is asked, how often, and how many times") {
  TcpPair pair = connected_pair();
  const int file = pair.client.native_handle();
  CHECK(asked(file, SOL_SOCKET, SO_KEEPALIVE) == 0);
  pair.client.set_keep_alive({.idle = 77s, .interval = 5s, .count = 3});
  CHECK(asked(file, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(asked(file, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
  CHECK(asked(file, IPPROTO_TCP, TCP_KEEPINTVL) == 5);
  CHECK(asked(file, IPPROTO_TCP, TCP_KEEPCNT) == 3);
  pair.server.set_keep_alive();
  CHECK(asked(pair.server.native_handle(), SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(asked(pair.server.native_handle(), IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(asked(pair.server.native_handle(), IPPROTO_TCP, TCP_KEEPINTVL) == 10);
  CHECK(asked(pair.server.native_handle(), IPPROTO_TCP, TCP_KEEPCNT) == 6);
}

TEST_CASE("a time that the system does not take is an error that names the peer, and nobody is asked") {
  TcpPair pair = connected_pair();
  const std::string peer = pair.server.local_address().to_string();
  const std::vector<weft::io::KeepAlive> wrong{{.idle = 0s}, {.interval = 0s}, {.count = 0}, {.idle = std::chrono::hours{24 * 365 * 200}}};
  for (const weft::io::KeepAlive& options : wrong) {
    CAPTURE(options.idle.count(), options.interval.count(), options.count);
    const auto set = [&] {
      pair.client.set_keep_alive(options);
      return 0;
    };
    CHECK(message_of(set) == "weft: setting an option of " + peer + ": Invalid argument");
    CHECK(asked(pair.client.native_handle(), SOL_SOCKET, SO_KEEPALIVE) == 0);
  }
}

TEST_CASE("a stream lingers as long as it is told, at most as long as the system can count") {
  TcpPair pair = connected_pair();
  const int file = pair.client.native_handle();
  using Linger = std::pair<int, int>;
  CHECK(linger_of(file).first == 0);
  pair.client.linger_on_close(3s);
  CHECK(linger_of(file) == Linger(1, 3));
  pair.client.linger_on_close(std::chrono::hours{24 * 365 * 200});
  CHECK(linger_of(file) == Linger(1, 32767));
  pair.client.linger_on_close(-5s);
  CHECK(linger_of(file) == Linger(1, 0));
  pair.client.linger_on_close(3s);
  pair.client.reset_on_close();
  CHECK(linger_of(file) == Linger(1, 0));
}

TEST_CASE("a peer that does not linger at all resets, and one that does says goodbye") {
  CHECK(end_of_read([](TcpStream& stream) { stream.linger_on_close(0s); }) == std::errc::connection_reset);
  CHECK(end_of_read([](TcpStream& stream) { stream.reset_on_close(); }) == std::errc::connection_reset);
  CHECK(end_of_read([](TcpStream& stream) { stream.linger_on_close(5s); }) == std::error_code());
  CHECK(end_of_read([](TcpStream&) {}) == std::error_code());
}

TEST_CASE("options without members of their own are set and read, of every kind of socket") {
  TcpListener listener = TcpListener::listen(SocketAddress::loopback(0));
  CHECK(listener.option(SOL_SOCKET, SO_ACCEPTCONN) == 1);
  listener.set_option(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
  CHECK(asked(listener.native_handle(), IPPROTO_TCP, TCP_DEFER_ACCEPT) == listener.option(IPPROTO_TCP, TCP_DEFER_ACCEPT));
  CHECK(listener.option(IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
  UdpSocket socket = UdpSocket::bind(SocketAddress::loopback(0));
  for (const int value : {1, 0}) {
    socket.set_option(SOL_SOCKET, SO_BROADCAST, value);
    CHECK(asked(socket.native_handle(), SOL_SOCKET, SO_BROADCAST) == value);
    CHECK(socket.option(SOL_SOCKET, SO_BROADCAST) == value);
  }
  auto [one, other] = weft::io::stream_pair();
  CHECK(one.option(SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
  one.set_option(SOL_SOCKET, SO_RCVLOWAT, 17);
  CHECK(asked(one.native_handle(), SOL_SOCKET, SO_RCVLOWAT) == 17);
  CHECK(other.option(SOL_SOCKET, SO_RCVLOWAT) == 1);
}

TEST_CASE("buffers are as large as they are told to be, twice, and one that is too large for the system is as large as it can be") {
  TcpPair pair = connected_pair();
  pair.client.set_send_buffer(20'000);
  pair.client.set_receive_buffer(30'000);
  CHECK(asked(pair.client.native_handle(), SOL_SOCKET, SO_SNDBUF) == 40'000);
  CHECK(asked(pair.client.native_handle(), SOL_SOCKET, SO_RCVBUF) == 60'000);
  pair.client.set_send_buffer(~std::size_t{0});
  CHECK(asked(pair.client.native_handle(), SOL_SOCKET, SO_SNDBUF) > 40'000);
}

TEST_CASE("an option that there is not, and one of a socket that is closed, are errors that name the socket") {
  TcpPair pair = connected_pair();
  const std::string peer = pair.server.local_address().to_string();
  const auto set = [](auto& socket, int level, int option) {
    socket.set_option(level, option, 1);
    return 0;
  };
  constexpr int kNone = 4711;
  CHECK(message_of([&] { return set(pair.client, IPPROTO_TCP, kNone); }) == "weft: setting an option of " + peer + ": Protocol not available");
  CHECK(message_of([&] { return pair.client.option(IPPROTO_TCP, kNone); }) == "weft: reading an option of " + peer + ": Protocol not available");
  // Not a peer's: it has none.
  TcpListener listener = TcpListener::listen(SocketAddress::loopback(0));
  const std::string own = listener.local_address().to_string();
  CHECK(message_of([&] { return set(listener, SOL_SOCKET, kNone); }) == "weft: setting an option of " + own + ": Protocol not available");
  CHECK(message_of([&] { return listener.option(SOL_SOCKET, kNone); }) == "weft: reading an option of " + own + ": Protocol not available");
  TcpStream closed;
  const std::string message = "weft: setting an option of a closed socket: Bad file descriptor";
  CHECK(message_of([&] { return set(closed, IPPROTO_TCP, TCP_NODELAY); }) == message);
  CHECK(message_of([&] { closed.set_no_delay(true); return 0; }) == message);
  CHECK(message_of([&] { closed.set_keep_alive(); return 0; }) == message);
  CHECK(message_of([&] { closed.linger_on_close(1s); return 0; }) == message);
  CHECK(message_of([&] { closed.set_send_buffer(1); return 0; }) == message);
  CHECK(message_of([&] { return closed.option(SOL_SOCKET, SO_TYPE); }) == "weft: reading an option of a closed socket: Bad file descriptor");
}
