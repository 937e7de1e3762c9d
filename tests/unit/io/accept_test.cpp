#include <catch2/catch.hpp>
#include <weft/io/call.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/no_free_descriptor.hpp"
#include "support/skip.hpp"
#include "unit/io/backends.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft::detail::IoCall;
using weft::detail::IoCode;
using weft::detail::IoRequest;
using weft::io::Descriptor;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft_test::NoFreeDescriptor;

// Several connections wait at once: who has accepted one gets the next without waiting for the kernel's ring.

namespace {

/// Connections that the system has made before anybody has accepted them.
std::vector<Descriptor> connected(const TcpListener& listener, std::size_t count) {
  const SocketAddress address = listener.local_address();
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int result = ::connect(clients.back().number(), address.native(), address.native_size());
    if (result != 0) throw std::system_error(errno, std::system_category(), "connect");
  }
  return clients;
}

/// Whether who accepts by the ring is told that more wait: since Linux 6.10.
bool says_that_more_wait(IoBackend backend) {
  if (backend == IoBackend::Epoll) return true;
  utsname system{};
  int major = 0;
  int minor = 0;
  ::uname(&system);
  return std::sscanf(system.release, "%d.%d", &major, &minor) == 2 && std::pair(major, minor) >= std::pair(6, 10);
}

/// Goes on until it is told that it is enough, one turn after another.
Task<> take_turns(std::size_t& turns, const bool& is_enough) {
  while (!is_enough) {
    ++turns;
    co_await weft::yield();
  }
}

/// Accepts so many. Gives for each how many turns somebody else on the same worker has had by then.
Task<std::vector<std::size_t>> turns_at_accepts(TcpListener& listener, std::size_t count) {
  std::size_t turns = 0;
  bool is_enough = false;
  std::vector<std::size_t> at;
  weft::Counter other;
  weft::spawn(take_turns(turns, is_enough), other);
  for (std::size_t i = 0; i < count; ++i) {
    const TcpStream stream = co_await listener.accept();
    at.push_back(turns);
  }
  is_enough = true;
  co_await other;
  co_return at;
}

std::uint16_t port_of(const Descriptor& client) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(client.number(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// Waits as long as others need for a turn each; what is accepted by then, if anything.
Task<std::optional<TcpStream>> accepted_at_once(TcpListener& listener) {
  const auto accept_one = [&]() -> Task<TcpStream> { co_return co_await listener.accept(); };
  co_return co_await weft::completed_within(accept_one(), std::chrono::milliseconds{1});
}

}  // namespace

TEST_CASE("of connections that wait, those behind the first are accepted in the same turn, in their order") {
  constexpr std::size_t kConnections = 20;
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    if (!says_that_more_wait(backend)) return weft_test::skip("the kernel does not say whether more connections wait (Linux 6.10)");
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const auto clients = connected(listener, kConnections);
    const auto turns = rt.run(turns_at_accepts(listener, kConnections));
    CHECK(std::all_of(turns.begin(), turns.end(), [&](std::size_t at) { return at == turns.front(); }));

    const auto later = connected(listener, kConnections);
    const auto order = [&]() -> Task<std::vector<std::uint16_t>> {
      std::vector<std::uint16_t> ports;
      for (std::size_t i = 0; i < kConnections; ++i) {
        const TcpStream stream = co_await listener.accept();
        ports.push_back(stream.peer_address().port());
      }
      co_return ports;
    };
    const auto ports = rt.run(order());
    for (std::size_t i = 0; i < kConnections; ++i) CHECK(ports[i] == port_of(later[i]));
  }
}

TEST_CASE("who accepts as many as come leaves others their turn") {
  constexpr std::size_t kConnections = 200;
  constexpr std::size_t kInARow = 32;
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const auto clients = connected(listener, kConnections);
    const auto turns = rt.run(turns_at_accepts(listener, kConnections));
    std::size_t most = 0;
    for (const std::size_t at : turns) most = std::max(most, static_cast<std::size_t>(std::count(turns.begin(), turns.end(), at)));
    CHECK(most <= kInARow + 1);
  }
}

TEST_CASE("an accept waits when somebody else has taken the connections that waited") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    auto clients = connected(listener, 3);
    rt.run([&]() -> Task<> {
      const TcpStream first = co_await listener.accept();
      const Descriptor second(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
      const Descriptor third(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
      CHECK(third.is_open());
      const auto nobody = co_await accepted_at_once(listener);
      CHECK_FALSE(nobody.has_value());
      clients = connected(listener, 1);
      const TcpStream later = co_await listener.accept();
      CHECK(later.peer_address().port() == port_of(clients.front()));
    });
  }
}

namespace {

/// One with a number that is not the lowest free one: those may be taken at any time, by sanitizers for one.
TcpListener listener_at(int number) {
  const Descriptor other = TcpListener::listen(SocketAddress::loopback(0)).release();
  if (::dup3(other.number(), number, O_CLOEXEC) != number) throw std::runtime_error("the descriptor is not to be had");
  return TcpListener(Descriptor(number));
}

}  // namespace

TEST_CASE("a listener that has the number of an earlier one, at which connections waited, waits for its own") {
  constexpr int kNumber = 500;
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = listener_at(kNumber);
    auto clients = connected(listener, 3);
    rt.run([&]() -> Task<> {
      const TcpStream first = co_await listener.accept();
      listener.close();
      listener = listener_at(kNumber);
      const auto nobody = co_await accepted_at_once(listener);
      CHECK_FALSE(nobody.has_value());
      clients = connected(listener, 1);
      const TcpStream later = co_await listener.accept();
      CHECK(later.peer_address().port() == port_of(clients.front()));
    });
  }
}

TEST_CASE("after a stop request no connection is taken, although some wait") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const auto clients = connected(listener, 3);
    std::vector<TcpStream> accepted;
    rt.run([&]() -> Task<> {
      co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
          try {
            for (;;) {
              accepted.push_back(co_await listener.accept());
              if (accepted.size() == 2) group.request_stop();
            }
          } catch (const weft::OperationCancelled&) {
          }
        });
        co_return;
      });
      CHECK(accepted.size() == 2);
      accepted.push_back(co_await listener.accept());
      CHECK(accepted.back().peer_address().port() == port_of(clients.back()));
      accepted.clear();
    });
    // Nobody else has kept one.
    for (const Descriptor& client : clients) {
      char byte = 0;
      CHECK(::recv(client.number(), &byte, 1, MSG_DONTWAIT) == 0);
    }
  }
}

TEST_CASE("a connection for which the kernel has woken an accept that is stopped does not wait while another accepts") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    int begun = 0;
    int accepted = 0;
    const auto accept_one = [&]() -> Task<> {
      ++begun;
      try {
        const TcpStream stream = co_await listener.accept();
        ++accepted;
      } catch (const weft::OperationCancelled&) {
      }
    };
    // The kernel works what is handed over off in order: when an operation has ended that was begun later, it has this one in its row.
    const auto is_handed_over = [&](int which) -> Task<> {
      while (begun < which) co_await weft::yield();
      co_await IoCall<void>(IoRequest{.code = IoCode::Nop}, {"nop"});
    };
    rt.run([&]() -> Task<> {
      weft::TaskGroup first;
      weft::TaskGroup second;
      first.spawn(accept_one());
      co_await is_handed_over(1);
      second.spawn(accept_one());
      co_await is_handed_over(2);
      // The worker, which is here, asks for completions only when it has handed over the stop.
      const auto clients = connected(listener, 1);
      first.request_stop();
      co_await first.join();
      second.request_stop();
      co_await second.join();
    });
    CHECK(accepted == 1);
  }
}

TEST_CASE("a limit of descriptors in the middle of a burst is an error, and loses no connection of it") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const auto clients = connected(listener, 4);
    rt.run([&]() -> Task<> {
      std::vector<TcpStream> accepted;
      // UBSan needs descriptors itself to look at the first call of each kind.
      for (int i = 0; i < 2; ++i) {
        auto stream = co_await listener.accept().or_error();
        accepted.push_back(stream.take());
      }
      std::optional<NoFreeDescriptor> limit(std::in_place);
      const auto refused = co_await listener.accept().or_error();
      const auto again = co_await listener.accept().or_error();
      limit.reset();
      CHECK(refused.error() == std::errc::too_many_files_open);
      CHECK(again.error() == std::errc::too_many_files_open);
      accepted.push_back(co_await listener.accept());
      accepted.push_back(co_await listener.accept());
      for (std::size_t i = 0; i < clients.size(); ++i) CHECK(accepted[i].peer_address().port() == port_of(clients[i]));
    });
  }
}
