/// @file
/// weft: a task for each connection, on a runtime of one worker and of two.
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <weft/weft.hpp>

#include "io/echo.hpp"

namespace io {
namespace {

using weft::Counter;
using weft::IoBackend;
using weft::Task;
using weft::io::Descriptor;
using weft::io::TcpListener;
using weft::io::TcpStream;

using Echo = Task<> (*)(TcpStream stream);

Task<> echo(TcpStream stream) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t size = co_await stream.read(buffer)) co_await stream.write_all(std::span(buffer).first(size));
}

/// Has no buffer while it waits.
Task<> echo_received(TcpStream stream) {
  for (;;) {
    const weft::io::ReceivedBytes received = co_await stream.receive();
    if (received.empty()) break;
    co_await stream.write_all(received.bytes());
  }
}

Task<> accept_all(int listener, int connections, Echo echo) {
  TcpListener from{Descriptor(listener)};
  Counter all;
  for (; connections != 0; --connections) weft::spawn(echo(co_await from.accept()), all);
  co_await all;
}

Serve serve_by(unsigned workers, IoBackend backend, Echo echo = io::echo) {
  return [=](int listener, int connections) {
    weft::Runtime rt{{.workers = workers, .io_backend = backend}};
    rt.run(accept_all(listener, connections, echo));
  };
}

[[maybe_unused]] const bool one = add_echo("weft", serve_by(1, IoBackend::Auto));
[[maybe_unused]] const bool received = add_echo("weft-receive", serve_by(1, IoBackend::Auto, echo_received));
[[maybe_unused]] const bool two = add_echo("weft", serve_by(2, IoBackend::Auto), 2);
[[maybe_unused]] const bool epoll = add_echo("weft-epoll", serve_by(1, IoBackend::Epoll));
[[maybe_unused]] const bool here = add_echo("weft-sync", [](int listener, int connections) { weft::sync_wait(accept_all(listener, connections, echo)); });

}  // namespace
}  // namespace io
