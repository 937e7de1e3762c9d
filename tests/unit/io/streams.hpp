/// @file
/// What tests of sockets have in common.
#pragma once

#include <weft/weft.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "unit/io/backends.hpp"

namespace weft_test {

inline std::span<const std::byte> bytes_in(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::span<std::byte> bytes_in(std::string& text) { return std::as_writable_bytes(std::span(text.data(), text.size())); }

/// Bytes in which none that is lost, doubled or out of its place goes unnoticed.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : text) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

/// Everything up to the end of the stream.
template <class Stream>
weft::Task<std::string> read_all(Stream& stream) {
  std::string all;
  std::string part(1 << 16, '\0');
  for (;;) {
    const std::size_t size = co_await stream.read(bytes_in(part));
    if (size == 0) co_return all;
    all.append(part, 0, size);
  }
}

inline bool has_ipv6() {
  try {
    static_cast<void>(weft::io::TcpListener::listen(weft::io::SocketAddress::loopback_v6(0)));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

/// Two ends of one TCP connection on this machine.
struct TcpPair {
  weft::io::TcpStream client;
  weft::io::TcpStream server;
};

inline weft::Task<TcpPair> tcp_pair(weft::io::SocketAddress at = weft::io::SocketAddress::loopback(0)) {
  auto listener = weft::io::TcpListener::listen(at);
  // The system connects without asking whoever listens.
  TcpPair pair;
  pair.client = co_await weft::io::TcpStream::connect(listener.local_address());
  pair.server = co_await listener.accept();
  co_return pair;
}

/// Runs a test's task with each backend, and on one worker and two.
template <class F>
void with_each_setting(F body) {
  for (const weft::IoBackend backend : working_backends()) {
    for (const unsigned workers : {1U, 2U}) {
      weft::Runtime rt{{.workers = workers, .io_backend = backend}};
      rt.run(body);
    }
  }
}

}  // namespace weft_test
