#include <catch2/catch.hpp>
#include <weft/io/address.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <set>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

using weft::Task;
using weft::io::AddressFamily;
using weft::io::SocketAddress;

namespace {

std::string said_by_parse(const std::string& text) {
  try {
    static_cast<void>(SocketAddress::parse(text));
    return "";
  } catch (const std::system_error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("an address is what its text says, and says it again") {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[2001:db8::1:2]:443", "unix:/run/a socket",
                           "unix:@name"}) {
    CHECK(SocketAddress::parse(text).to_string() == text);
  }
  CHECK(SocketAddress::parse("127.0.0.1:80").port() == 80);
  CHECK(SocketAddress::parse("[::1]:81").port() == 81);
  CHECK(SocketAddress::parse("127.0.0.1:80").family() == AddressFamily::IPv4);
  CHECK(SocketAddress::parse("[::1]:80").family() == AddressFamily::IPv6);
  CHECK(SocketAddress::parse("unix:@name").is_abstract());
  CHECK(SocketAddress::parse("unix:@name").path() == "name");
  CHECK(SocketAddress::parse("unix:/a").path() == "/a");
  CHECK_FALSE(SocketAddress::parse("unix:/a").is_abstract());
}

TEST_CASE("addresses are equal when they are the same place") {
  CHECK(SocketAddress::parse("127.0.0.1:80") == SocketAddress::loopback(80));
  CHECK(SocketAddress::parse("[::1]:80") == SocketAddress::loopback_v6(80));
  CHECK(SocketAddress::parse("0.0.0.0:80") == SocketAddress::any(80));
  CHECK(SocketAddress::parse("[::]:80") == SocketAddress::any_v6(80));
  CHECK(SocketAddress::loopback(80).with_port(81) == SocketAddress::loopback(81));
  CHECK(SocketAddress::loopback_v6(80).with_port(81) == SocketAddress::loopback_v6(81));
  CHECK(SocketAddress::loopback(80) != SocketAddress::loopback(81));
  CHECK(SocketAddress::unix_path("/a") != SocketAddress::unix_abstract("/a"));
  CHECK_FALSE(static_cast<bool>(SocketAddress()));
}

TEST_CASE("addresses are keys") {
  const std::vector<SocketAddress> places{SocketAddress(), SocketAddress::loopback(80), SocketAddress::loopback(81), SocketAddress::loopback_v6(80),
                                          SocketAddress::unix_path("/a"), SocketAddress::unix_abstract("/a")};
  CHECK(std::set<SocketAddress>(places.begin(), places.end()).size() == places.size());
  std::unordered_map<SocketAddress, int> visits;
  for (const SocketAddress& place : places) ++visits[place];
  ++visits[SocketAddress::parse("127.0.0.1:81")];
  CHECK(visits.size() == places.size());
  CHECK(visits[SocketAddress::loopback(81)] == 2);
}

TEST_CASE("a text that is no address is refused with what was wanted") {
  for (const char* text : {"", ":", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "127.0.0:80",
                           "localhost:80", "::1:80", "[::1]", "[::1]80", "[]:80", "[::1%]:80", "[::1%no_such_interface]:80", "unix:", "unix:@"}) {
    CAPTURE(text);
    CHECK_FALSE(SocketAddress::try_parse(text).has_value());
  }
  CHECK(said_by_parse("localhost:80").find("weft: 'localhost:80' is no address of a socket: wanted 127.0.0.1:80") == 0);
}

TEST_CASE("a path of a Unix socket may have 107 bytes and no more") {
  CHECK(SocketAddress::unix_path(std::string(107, 'x')).path().size() == 107);
  CHECK(SocketAddress::unix_abstract(std::string(107, 'x')).path().size() == 107);
  CHECK_THROWS_AS(SocketAddress::unix_path(std::string(108, 'x')), std::system_error);
  CHECK_THROWS_AS(SocketAddress::unix_path(""), std::system_error);
}

TEST_CASE("localhost has an address, with the port that was asked for") {
  weft::Runtime rt{{.workers = 1}};
  const std::vector<SocketAddress> all = rt.run(weft::io::resolve("localhost", 4711));
  REQUIRE_FALSE(all.empty());
  for (const SocketAddress& address : all) {
    CHECK(address.port() == 4711);
    CHECK((address == SocketAddress::loopback(4711) || address == SocketAddress::loopback_v6(4711)));
  }
}

TEST_CASE("a name that cannot be resolved is in the error, with the reason") {
  weft::Runtime rt{{.workers = 1}};
  try {
    // A service that no list has fails without a name server.
    rt.run([]() -> Task<> { static_cast<void>(co_await weft::io::resolve("127.0.0.1", "no such service")); });
    FAIL("it did not throw");
  } catch (const std::system_error& error) {
    CHECK(error.code().category() == weft::io::resolve_category());
    CHECK(std::string(error.what()) == "weft: resolve of 127.0.0.1:no such service: " + error.code().message());
    CHECK(error.code().message() != "Unknown error");
  }
}

TEST_CASE("an address of another kind is refused, whoever is given it") {
  const SocketAddress internet = SocketAddress::loopback(1);
  const SocketAddress local = SocketAddress::parse("unix:@weft_test_of_another_kind");
  const std::errc kind = std::errc::address_family_not_supported;
  using weft::io::TcpListener;
  using weft::io::UnixListener;
  for (const auto& listen : {+[](const SocketAddress& at) { static_cast<void>(TcpListener::listen(at)); },
                             +[](const SocketAddress& at) { static_cast<void>(UnixListener::listen(at)); }}) {
    std::error_code error;
    try {
      listen(local);
      listen(internet);
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
    CHECK(error == kind);
  }
  weft_test::with_each_setting([&]() -> Task<> {
    const auto by_tcp = co_await weft::io::TcpStream::connect(local).or_error();
    CHECK(by_tcp.error() == kind);
    const auto by_unix = co_await weft::io::or_error(weft::io::UnixStream::connect(internet));
    CHECK(by_unix.error() == kind);
  });
}
