#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/weft.hpp>

#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace weft_test;
using namespace std::chrono_literals;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;

namespace {

/// Listeners of several addresses of this machine, so that the ports that the clients get do not run out.
std::vector<TcpListener> listen_on_several() {
  std::vector<TcpListener> listeners;
  for (const char* address : {"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"}) {
    listeners.push_back(TcpListener::listen(SocketAddress::parse(address)));
  }
  return listeners;
}

Task<> say(TcpStream& stream) { static_cast<void>(co_await stream.write(bytes_in(std::string_view("x"))).or_error()); }

/// Reads one byte; or the connection has ended, in one way or another.
Task<> hear(TcpStream& stream) {
  std::string byte(1, '\0');
  static_cast<void>(co_await stream.read(bytes_in(byte)).or_error());
}

/// Ends a connection in one of the ways there are; most without a goodbye, after which a port would be taken for a minute.
Task<> leave(TcpStream stream, SeededRandom& random) {
  if (random.one_in(50)) {
    // Which fails if the other one has reset it.
    static_cast<void>(::shutdown(stream.native_handle(), SHUT_WR));
    co_await hear(stream);
  } else {
    stream.reset_on_close();
  }
}

Task<> connect_and_close(const std::vector<TcpListener>& listeners, int times, std::uint64_t number, std::atomic<int>& connected, Watchdog& watchdog) {
  SeededRandom random(number);
  for (int i = 0; i < times; ++i) {
    auto stream = co_await TcpStream::connect(listeners[random.below(listeners.size())].local_address()).or_error();
    watchdog.progress();
    // The server may have reset it by the time that the client is told that it is connected.
    if (!stream && stream.error() != std::errc::connection_reset) throw std::system_error(stream.error());
    connected.fetch_add(1);
    if (!stream) continue;
    TcpStream client = std::move(*stream);
    if (random.one_in(2)) co_await say(client);
    if (random.one_in(4)) co_await hear(client);
    co_await leave(std::move(client), random);
  }
}

Task<> serve_one(TcpStream stream, std::uint64_t number) {
  SeededRandom random(number);
  const auto written = co_await stream.write(bytes_in(std::string_view("y"))).or_error();
  if (written && random.one_in(2)) co_await hear(stream);
  co_await leave(std::move(stream), random);
}

Task<> accept_for_ever(TcpListener& listener, std::atomic<int>& accepted) {
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    for (;;) {
      TcpStream stream = co_await listener.accept();
      group.spawn(serve_one(std::move(stream), static_cast<std::uint64_t>(accepted.fetch_add(1))));
    }
  });
}

Task<> connect_all(const std::vector<TcpListener>& listeners, int connections, std::atomic<int>& connected, Watchdog& watchdog) {
  constexpr int kAtOnce = 8;
  weft::Counter clients;
  for (int i = 0; i < kAtOnce; ++i) {
    weft::spawn(connect_and_close(listeners, connections / kAtOnce, static_cast<std::uint64_t>(1000 + i), connected, watchdog), clients);
  }
  co_await clients;
}

/// As many as there are listeners, until all clients have gone.
Task<> churn(std::vector<TcpListener>& listeners, int connections, std::atomic<int>& connected, std::atomic<int>& accepted, Watchdog& watchdog) {
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    for (TcpListener& listener : listeners) {
      group.spawn([](TcpListener& at, std::atomic<int>& count) -> Task<> {
        try {
          co_await accept_for_ever(at, count);
        } catch (const weft::OperationCancelled&) {
          // All have gone.
        }
      }(listener, accepted));
    }
    co_await connect_all(listeners, connections, connected, watchdog);
    group.request_stop();
  });
}

}  // namespace

TEST_CASE("connections come and go by the thousand, and none of them leaves a descriptor") {
  const int connections = options().is_long ? 60'000 : 400;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const std::size_t descriptors = open_descriptors();
    std::atomic<int> connected{0};
    std::atomic<int> accepted{0};
    const auto start = std::chrono::steady_clock::now();
    {
      Watchdog watchdog("connects and closes", 60s);
      std::vector<TcpListener> listeners = listen_on_several();
      weft::Runtime rt{{.workers = 2, .io_backend = backend}};
      rt.run(churn(listeners, connections, connected, accepted, watchdog));
    }
    CHECK(connected.load() == connections);
    // Those that were reset before their turn came are none.
    CHECK(accepted.load() > 0);
    CHECK(open_descriptors() == descriptors);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (options().is_long) std::fprintf(stderr, "%s: %.0f connects and closes per second\n", name_of(backend), connections / time.count());
  }
}

namespace {

/// While it lives, so many descriptors can be opened, and no more.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // The numbers below the limit that are free are so many.
    int end = 0;
    for (; more > 0; ++end) more -= ::fcntl(end, F_GETFD) < 0 ? 1 : 0;
    const rlimit lower{static_cast<rlim_t>(end), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

bool is_limit(std::error_code error) { return error == std::errc::too_many_files_open; }

/// Asks, so many times, until it has been answered.
Task<> ask_until_answered(SocketAddress address, int times, std::atomic<int>& refused, Watchdog& watchdog) {
  while (times > 0) {
    auto stream = co_await TcpStream::connect(address).or_error();
    if (!stream && !is_limit(stream.error())) throw std::system_error(stream.error());
    if (!stream) {
      refused.fetch_add(1);
      co_await weft::sleep_for(100us);
      continue;
    }
    TcpStream client = std::move(*stream);
    std::string byte(1, '\0');
    co_await client.write_all(bytes_in(std::string_view("x")));
    co_await client.read_exactly(bytes_in(byte));
    client.reset_on_close();
    --times;
    watchdog.progress();
  }
}

Task<> answer_one(TcpStream stream) {
  std::string byte(1, '\0');
  co_await stream.read_exactly(bytes_in(byte));
  co_await stream.write_all(bytes_in(std::string_view(byte)));
  // The client is the first to go.
  static_cast<void>(co_await stream.read(bytes_in(byte)).or_error());
}

Task<> answer_so_many(TcpListener& listener, int clients, std::atomic<int>& refused) {
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    for (int i = 0; i < clients;) {
      auto stream = co_await listener.accept().or_error();
      if (stream) {
        group.spawn(answer_one(std::move(*stream)));
        ++i;
      } else if (is_limit(stream.error())) {
        refused.fetch_add(1);
        co_await weft::sleep_for(100us);
      } else {
        throw std::system_error(stream.error());
      }
    }
  });
}

/// Fewer at once than there are descriptors, so that one is left to accept with.
constexpr int kAskers = 8;
constexpr int kDescriptors = 10;

Task<> ask_all(SocketAddress address, int times, std::atomic<int>& refused, Watchdog& watchdog) {
  weft::Counter all;
  for (int i = 0; i < kAskers; ++i) weft::spawn(ask_until_answered(address, times, refused, watchdog), all);
  co_await all;
}

}  // namespace

TEST_CASE("a server that finds no free descriptor again and again is through with all connections in the end") {
  const int times = options().is_long ? 2'000 : 20;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const std::size_t descriptors = open_descriptors();
    std::atomic<int> refused{0};
    {
      Watchdog watchdog("no descriptors", 60s);
      auto listener = TcpListener::listen(SocketAddress::loopback(0));
      weft::Runtime rt{{.workers = 1, .io_backend = backend}};
      const auto converse = [&](int each) -> Task<> {
        co_await weft::when_all(answer_so_many(listener, each * kAskers, refused), ask_all(listener.local_address(), each, refused, watchdog));
      };
      rt.run(converse(1));
      // The worker has what it needs by now.
      const FewDescriptors few(kDescriptors);
      rt.run(converse(times));
    }
    CHECK(refused.load() > 0);
    CHECK(open_descriptors() == descriptors);
  }
}
