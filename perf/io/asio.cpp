/// @file
/// Asio: a coroutine for each connection, on one thread that nobody else shares.
#include <asio.hpp>

#include <array>
#include <cstddef>
#include <system_error>

#include "io/echo.hpp"

namespace io {
namespace {

using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket) {
  std::array<char, 4096> buffer;
  try {
    for (;;) {
      const std::size_t count = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(buffer.data(), count), asio::use_awaitable);
    }
  } catch (const std::system_error&) {
    // The peer has closed it.
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, int connections) {
  for (; connections != 0; --connections) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
  }
}

[[maybe_unused]] const bool added = add_echo("asio", [](int listener, int connections) {
  asio::io_context context(1);
  tcp::acceptor acceptor(context, tcp::v4(), listener);
  asio::co_spawn(context, accept_all(acceptor, connections), asio::detached);
  context.run();
});

}  // namespace
}  // namespace io
