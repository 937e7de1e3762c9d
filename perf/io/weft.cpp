/// @file
/// weft: a task for each connection, on a runtime of one worker and of two.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include <weft/io/call.hpp>
#include <weft/weft.hpp>

#include "io/echo.hpp"

namespace io {
namespace {

using weft::Counter;
using weft::IoBackend;
using weft::Task;
using weft::detail::IoCall;
using weft::detail::IoCode;
using weft::detail::IoRequest;

Task<> echo(int file) {
  std::array<char, 4096> buffer;
  for (;;) {
    const std::size_t count =
        co_await IoCall<std::size_t>(IoRequest{.code = IoCode::Receive, .fd = file, .length = 4096, .address = buffer.data()}, {"receive"});
    if (count == 0) break;
    co_await IoCall<std::size_t>(
        IoRequest{.code = IoCode::Send, .fd = file, .length = static_cast<std::uint32_t>(count), .flags = MSG_NOSIGNAL, .address = buffer.data()}, {"send"});
  }
  ::close(file);
}

Task<> accept_all(int listener, int connections) {
  Counter all;
  for (; connections != 0; --connections) {
    const int file =
        co_await IoCall<int>(IoRequest{.code = IoCode::Accept, .fd = listener, .flags = SOCK_NONBLOCK | SOCK_CLOEXEC}, {"accept"});
    weft::spawn(echo(file), all);
  }
  co_await all;
}

Serve serve_by(unsigned workers, IoBackend backend) {
  return [=](int listener, int connections) {
    weft::Runtime rt{{.workers = workers, .io_backend = backend}};
    rt.run(accept_all(listener, connections));
  };
}

[[maybe_unused]] const bool one = add_echo("weft", serve_by(1, IoBackend::Auto));
[[maybe_unused]] const bool epoll = add_echo("weft-epoll", serve_by(1, IoBackend::Epoll));
[[maybe_unused]] const bool here = add_echo("weft-sync", [](int listener, int connections) { weft::sync_wait(accept_all(listener, connections)); });

}  // namespace
}  // namespace io
