/// @file
/// libuv: callbacks on one loop.
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <array>

#include "io/echo.hpp"

namespace io {
namespace {

struct Connection {
  uv_tcp_t stream;
  uv_write_t write;
  std::array<char, 4096> buffer;
};

struct Server {
  uv_tcp_t listener;
  int to_accept;
};

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* /*buffer*/) {
  auto* const connection = static_cast<Connection*>(stream->data);
  if (count < 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(stream), [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
    return;
  }
  uv_buf_t out = uv_buf_init(connection->buffer.data(), static_cast<unsigned>(count));
  uv_write(&connection->write, stream, &out, 1, [](uv_write_t*, int) {});
}

void on_connection(uv_stream_t* stream, int /*status*/) {
  auto* const server = static_cast<Server*>(stream->data);
  auto* const connection = new Connection;
  uv_tcp_init(stream->loop, &connection->stream);
  connection->stream.data = connection;
  uv_accept(stream, reinterpret_cast<uv_stream_t*>(&connection->stream));
  uv_read_start(reinterpret_cast<uv_stream_t*>(&connection->stream),
                [](uv_handle_t* handle, std::size_t, uv_buf_t* to) {
                  auto& buffer = static_cast<Connection*>(handle->data)->buffer;
                  *to = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
                },
                on_read);
  if (--server->to_accept == 0) uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
}

[[maybe_unused]] const bool added = add_echo("libuv", [](int listener, int connections) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  Server server{{}, connections};
  uv_tcp_init(&loop, &server.listener);
  server.listener.data = &server;
  uv_tcp_open(&server.listener, ::dup(listener));
  uv_listen(reinterpret_cast<uv_stream_t*>(&server.listener), 1024, on_connection);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
});

}  // namespace
}  // namespace io
