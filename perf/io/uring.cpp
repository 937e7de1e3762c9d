/// @file
/// By hand: one thread, io_uring with the flags that weft uses. As callbacks, and as coroutines that know nothing but their ring.
#include <liburing.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>

#include "io/echo.hpp"
#include "io/uring_ring.hpp"

namespace io {
namespace {

// ---- callbacks ----

struct Connection {
  int file;
  bool is_sending;
  std::array<char, 4096> buffer;
};

[[maybe_unused]] const bool callbacks = add_echo("io_uring", [](int listener, int connections) {
  Ring ring;
  const auto accept = [&] {
    io_uring_sqe* const request = ring.request();
    io_uring_prep_accept(request, listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    io_uring_sqe_set_data(request, nullptr);
  };
  const auto receive = [&](Connection* connection) {
    connection->is_sending = false;
    io_uring_sqe* const request = ring.request();
    io_uring_prep_recv(request, connection->file, connection->buffer.data(), connection->buffer.size(), 0);
    io_uring_sqe_set_data(request, connection);
  };
  const auto send = [&](Connection* connection, int size) {
    connection->is_sending = true;
    io_uring_sqe* const request = ring.request();
    io_uring_prep_send(request, connection->file, connection->buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    io_uring_sqe_set_data(request, connection);
  };
  accept();
  int to_accept = connections;
  for (int left = connections; left != 0;) {
    ring.turn([&](void* data, int result) {
      auto* const connection = static_cast<Connection*>(data);
      if (connection == nullptr) {
        receive(new Connection{result, false, {}});
        if (--to_accept != 0) accept();
      } else if (connection->is_sending) {
        receive(connection);
      } else if (result > 0) {
        send(connection, result);
      } else {
        ::close(connection->file);
        delete connection;
        --left;
      }
    });
  }
});

// ---- coroutines ----

class Operation {
 public:
  explicit Operation(io_uring_sqe* request) : request_(request) {}
  static bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    io_uring_sqe_set_data(request_, this);
  }
  [[nodiscard]] int await_resume() const { return result_; }

  void end(int result) {
    result_ = result;
    waiting_.resume();
  }

 private:
  io_uring_sqe* request_;
  std::coroutine_handle<> waiting_;
  int result_ = 0;
};

struct Detached {
  struct promise_type {
    static Detached get_return_object() { return {}; }
    static std::suspend_never initial_suspend() { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() {}
    [[noreturn]] static void unhandled_exception() { std::terminate(); }
  };
};

Detached echo(Ring& ring, int file, int& left) {
  std::array<char, 4096> buffer;
  for (;;) {
    io_uring_sqe* const receive = ring.request();
    io_uring_prep_recv(receive, file, buffer.data(), buffer.size(), 0);
    const int count = co_await Operation(receive);
    if (count <= 0) break;
    io_uring_sqe* const send = ring.request();
    io_uring_prep_send(send, file, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
    co_await Operation(send);
  }
  ::close(file);
  --left;
}

Detached accept_all(Ring& ring, int listener, int connections, int& left) {
  for (; connections != 0; --connections) {
    io_uring_sqe* const accept = ring.request();
    io_uring_prep_accept(accept, listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    echo(ring, co_await Operation(accept), left);
  }
}

[[maybe_unused]] const bool coroutines = add_echo("io_uring-coro", [](int listener, int connections) {
  Ring ring;
  int left = connections;
  accept_all(ring, listener, connections, left);
  while (left != 0) ring.turn([](void* data, int result) { static_cast<Operation*>(data)->end(result); });
});

}  // namespace
}  // namespace io
