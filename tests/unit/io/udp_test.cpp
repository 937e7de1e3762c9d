#include <catch2/catch.hpp>
#include <weft/io/udp.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::Datagram;
using weft::io::SocketAddress;
using weft::io::UdpSocket;

namespace {

Task<Datagram> receive_one(UdpSocket& socket, std::string& to) { co_return co_await socket.receive_from(bytes_in(to)); }

}  // namespace

TEST_CASE("datagrams arrive whole and say from where, and can be answered") {
  with_each_setting([]() -> Task<> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    auto client = UdpSocket::bind(SocketAddress::loopback(0));
    std::string buffer(2000, '\0');
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1500}}) {
      const std::string text = pattern(size);
      co_await client.send_to(bytes_in(text), server.local_address());
      const Datagram got = co_await server.receive_from(bytes_in(buffer));
      CHECK(buffer.substr(0, got.size) == text);
      CHECK(got.from == client.local_address());
      CHECK_FALSE(got.is_truncated);
      co_await server.send_to(bytes_in(text), got.from);
      const Datagram answer = co_await client.receive_from(bytes_in(buffer));
      CHECK(answer.size == size);
      CHECK(answer.from == server.local_address());
    }
  });
}

TEST_CASE("a datagram that does not fit says so") {
  with_each_setting([]() -> Task<> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    auto client = UdpSocket::connected_to(server.local_address());
    co_await client.send(bytes_in("more than four"));
    std::string buffer(4, '\0');
    const Datagram got = co_await server.receive_from(bytes_in(buffer));
    CHECK(got.size == 4);
    CHECK(got.is_truncated);
    CHECK(buffer == "more");
  });
}

TEST_CASE("a connected datagram socket sends to its peer, receives from it, and is told that nobody is there") {
  with_each_setting([]() -> Task<> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    auto client = UdpSocket::connected_to(server.local_address());
    const std::size_t sent = co_await client.send(bytes_in("hello"));
    CHECK(sent == 5);
    std::string buffer(100, '\0');
    const std::size_t size = co_await server.receive(bytes_in(buffer));
    CHECK(buffer.substr(0, size) == "hello");
    server.close();
    // The first finds out, and the second is told.
    co_await client.send(bytes_in("anybody?"));
    const auto told = co_await client.receive(bytes_in(buffer)).or_error();
    CHECK(told.error() == std::errc::connection_refused);
  });
}

TEST_CASE("a timeout ends a wait for a datagram, and the next one is not lost") {
  with_each_setting([]() -> Task<> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    auto client = UdpSocket::connected_to(server.local_address());
    std::string buffer(100, '\0');
    const auto nothing = co_await weft::completed_within(receive_one(server, buffer), 2ms);
    CHECK_FALSE(nothing.has_value());
    co_await client.send(bytes_in("late"));
    const Datagram got = co_await receive_one(server, buffer);
    CHECK(buffer.substr(0, got.size) == "late");
  });
}

TEST_CASE("datagram sockets share a port where all say so, and one of IPv6 takes IPv4 unless it says otherwise") {
  const auto one = UdpSocket::bind(SocketAddress::loopback(0), {.reuse_port = true});
  const auto other = UdpSocket::bind(one.local_address(), {.reuse_port = true});
  CHECK(other.local_address() == one.local_address());
  CHECK_THROWS_AS(UdpSocket::bind(one.local_address()), std::system_error);
  const auto group = UdpSocket::bind(SocketAddress::any(0), {.reuse_address = true});
  const auto member = UdpSocket::bind(group.local_address(), {.reuse_address = true});
  CHECK(member.local_address() == group.local_address());
  if (!has_ipv6()) return;
  for (const bool is_v6_only : {true, false}) {
    const auto both = UdpSocket::bind(SocketAddress::any_v6(0), {.is_v6_only = is_v6_only});
    CHECK((both.option(IPPROTO_IPV6, IPV6_V6ONLY) != 0) == is_v6_only);
  }
}

TEST_CASE("a datagram socket that somebody else has made is taken over, and nothing else is") {
  with_each_setting([]() -> Task<> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    // One that blocks.
    weft::io::Descriptor made(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress to = server.local_address();
    CHECK(::connect(made.number(), to.native(), to.native_size()) == 0);
    UdpSocket client(std::move(made));
    CHECK(client.peer_address() == to);
    CHECK((::fcntl(client.native_handle(), F_GETFL) & O_NONBLOCK) != 0);
    std::string buffer(100, '\0');
    const auto nothing = co_await weft::completed_within(receive_one(client, buffer), 1ms);
    CHECK_FALSE(nothing.has_value());
    co_await client.send(bytes_in("hello"));
    const Datagram got = co_await server.receive_from(bytes_in(buffer));
    CHECK(buffer.substr(0, got.size) == "hello");
    CHECK(got.from == client.local_address());
  });
  const auto said_of = [](int type) -> std::string {
    try {
      static_cast<void>(UdpSocket(weft::io::Descriptor(type == 0 ? -1 : ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0))));
    } catch (const std::system_error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(said_of(0) == "weft: bind of (no address): Bad file descriptor");
  CHECK(said_of(SOCK_STREAM).find("Invalid argument") != std::string::npos);
}

TEST_CASE("an address that a datagram socket cannot have is in the error") {
  auto taken = UdpSocket::bind(SocketAddress::loopback(0));
  try {
    static_cast<void>(UdpSocket::bind(taken.local_address()));
    FAIL("it did not throw");
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()) == "weft: bind of " + taken.local_address().to_string() + ": Address already in use");
  }
}
