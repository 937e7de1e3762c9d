/// @file
/// Two sockets that are connected, and operations on them without the layers above.
#pragma once

#include <weft/io/call.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

struct Ends {
  // No assertion of Catch2, which only the test's own thread may make.
  Ends() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, of.data()) != 0) throw std::runtime_error("socketpair failed");
  }
  ~Ends() {
    for (const int end : of) ::close(end);
  }
  std::array<int, 2> of{};
};

inline weft::detail::IoCall<std::size_t> receive(int fd, void* to, std::size_t most) {
  return {weft::detail::IoRequest{.code = weft::detail::IoCode::Receive, .fd = fd, .length = static_cast<std::uint32_t>(most), .address = to}, {"receive"}};
}

inline weft::detail::IoCall<std::size_t> send(int fd, const void* from, std::size_t size) {
  return {weft::detail::IoRequest{.code = weft::detail::IoCode::Send, .fd = fd, .length = static_cast<std::uint32_t>(size), .address = from}, {"send"}};
}
