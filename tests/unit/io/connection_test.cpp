#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/no_free_descriptor.hpp"
#include "support/subprocess.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UnixListener;
using weft::io::UnixStream;

namespace {

/// Sends back what comes, until nothing comes any more.
template <class Stream>
Task<> echo(Stream stream) {
  std::string buffer(4096, '\0');
  for (;;) {
    const std::size_t size = co_await stream.read(bytes_in(buffer));
    if (size == 0) co_return;
    co_await stream.write_all(bytes_in(std::string_view(buffer).substr(0, size)));
  }
}

/// Accepts so many connections, each with a task that echoes.
template <class Listener>
Task<> serve(Listener& listener, int connections) {
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    for (int i = 0; i < connections; ++i) {
      auto stream = co_await listener.accept();
      group.spawn(echo(std::move(stream)));
    }
  });
}

template <class Stream>
Task<> ask(Stream stream, int questions, int& right) {
  for (int i = 0; i < questions; ++i) {
    const std::string question = "question " + std::to_string(i);
    std::string answer(question.size(), '\0');
    co_await stream.write_all(bytes_in(question));
    co_await stream.read_exactly(bytes_in(answer));
    right += question == answer ? 1 : 0;
  }
}

Task<> ask_tcp(SocketAddress address, int questions, int& right) {
  TcpStream stream = co_await TcpStream::connect(address);
  co_await ask(std::move(stream), questions, right);
}

Task<> ask_unix(SocketAddress address, int questions, int& right) {
  UnixStream stream = co_await UnixStream::connect(address);
  co_await ask(std::move(stream), questions, right);
}

template <class Listener, class Ask>
Task<> converse(Listener& listener, SocketAddress address, Ask ask_there) {
  constexpr int kConnections = 20;
  constexpr int kQuestions = 10;
  std::vector<int> right(kConnections, 0);
  auto ask_all = [&]() -> Task<> {
    co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
      for (int& one : right) group.spawn(ask_there(address, kQuestions, one));
      co_return;
    });
  };
  co_await weft::when_all(serve(listener, kConnections), ask_all());
  CHECK(std::count(right.begin(), right.end(), kQuestions) == kConnections);
}

template <class F>
std::string said_by(F function) {
  try {
    static_cast<void>(function());
    return "";
  } catch (const std::system_error& error) {
    return error.what();
  }
}

/// Whether a call on it would keep its thread. (The runtime would go on by another one, so nothing else shows it.)
bool blocks(const weft::io::Socket& socket) { return (::fcntl(socket.native_handle(), F_GETFL) & O_NONBLOCK) == 0; }

/// An address at which nobody listens.
SocketAddress refusing() { return TcpListener::listen(SocketAddress::loopback(0)).local_address(); }

Task<std::string> said_of_connect(std::vector<SocketAddress> addresses, std::chrono::nanoseconds each) {
  try {
    static_cast<void>(co_await TcpStream::connect(std::move(addresses), each));
  } catch (const std::system_error& error) {
    co_return error.what();
  }
  co_return "connected";
}

}  // namespace

TEST_CASE("a server echoes what many clients send, over IPv4, IPv6, a path and a name") {
  const TemporaryFolder folder;
  with_each_setting([&]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    co_await converse(listener, listener.local_address(), ask_tcp);
    if (has_ipv6()) {
      auto v6 = TcpListener::listen(SocketAddress::loopback_v6(0));
      co_await converse(v6, v6.local_address(), ask_tcp);
    }
    auto at_path = UnixListener::listen(SocketAddress::unix_path((folder / "socket").string()));
    co_await converse(at_path, at_path.local_address(), ask_unix);
    auto by_name = UnixListener::listen(SocketAddress::unix_abstract("weft-test-" + std::to_string(::getpid())));
    co_await converse(by_name, by_name.local_address(), ask_unix);
  });
}

TEST_CASE("both ends of a connection know each other's address") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    CHECK(pair.client.peer_address() == pair.server.local_address());
    CHECK(pair.server.peer_address() == pair.client.local_address());
    CHECK(pair.client.describe() == pair.client.peer_address().to_string());
  });
}

TEST_CASE("an address that is taken is refused with its name") {
  auto listener = TcpListener::listen(SocketAddress::loopback(0));
  const SocketAddress address = listener.local_address();
  CHECK(said_by([&] { return TcpListener::listen(address); }) == "weft: listen of " + address.to_string() + ": Address already in use");
  listener.close();
  CHECK(said_by([&] { return TcpListener::listen(address); }).empty());
}

TEST_CASE("listeners that agree to it share a port") {
  const weft::io::TcpListenOptions options{.reuse_port = true};
  const auto one = TcpListener::listen(SocketAddress::loopback(0), options);
  const auto other = TcpListener::listen(one.local_address(), options);
  CHECK(one.local_address() == other.local_address());
}

TEST_CASE("a refused connection is an error with the address, or a value") {
  const SocketAddress address = refusing();
  with_each_setting([&]() -> Task<> {
    const auto result = co_await TcpStream::connect(address).or_error();
    CHECK(result.error() == std::errc::connection_refused);
    std::string said;
    try {
      static_cast<void>(co_await TcpStream::connect(address));
    } catch (const std::system_error& error) {
      said = error.what();
    }
    CHECK(said == "weft: connect of " + address.to_string() + ": Connection refused");
    std::error_code error;
    try {
      static_cast<void>(co_await UnixStream::connect(SocketAddress::unix_path("/no/such/socket")));
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
    CHECK(error == std::errc::no_such_file_or_directory);
  });
}

TEST_CASE("a connection by name takes the address that answers, or says what the first has said") {
  with_each_setting([]() -> Task<> {
    // IPv4 only: where localhost has an IPv6 address as well, that one refuses.
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const std::uint16_t port = listener.local_address().port();
    TcpStream client = co_await TcpStream::connect("localhost", port);
    TcpStream server = co_await listener.accept();
    CHECK(client.peer_address() == listener.local_address());
    listener.close();
    std::error_code error;
    try {
      static_cast<void>(co_await TcpStream::connect("localhost", port));
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
    CHECK(error == std::errc::connection_refused);
  });
}

TEST_CASE("a listening socket that somebody else has made is taken over, and what does not listen is refused") {
  const TemporaryFolder folder;
  const std::string path = (folder / "socket").string();
  with_each_setting([&]() -> Task<> {
    // Such as it is inherited: its calls block.
    weft::io::Descriptor native(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::listen(native.number(), 10) == 0);
    TcpListener listener(std::move(native));
    CHECK_FALSE(blocks(listener));
    const SocketAddress address = SocketAddress::loopback(listener.local_address().port());
    co_await converse(listener, address, ask_tcp);
    const SocketAddress at = SocketAddress::unix_path(path);
    weft::io::Descriptor named(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::bind(named.number(), at.native(), at.native_size()) == 0);
    CHECK(::listen(named.number(), 10) == 0);
    UnixListener by_path(std::move(named));
    CHECK_FALSE(blocks(by_path));
    co_await converse(by_path, at, ask_unix);
    by_path.close();
    CHECK(std::filesystem::remove(path));
  });
  const auto adopt = [](int type) { return TcpListener(weft::io::Descriptor(type == 0 ? -1 : ::socket(AF_INET, type | SOCK_CLOEXEC, 0))); };
  CHECK(said_by([&] { return adopt(SOCK_STREAM); }) == "weft: listen of 0.0.0.0:0: Invalid argument");
  CHECK(said_by([&] { return adopt(0); }) == "weft: listen of (no address): Bad file descriptor");
}

TEST_CASE("an address that does not answer has its own time, and leaves the others theirs") {
  const SocketAddress nobody = refusing();
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    rt.run([&]() -> Task<> {
      // Whose queue, for one connection, is full: the system drops what comes.
      auto dead = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 0});
      const SocketAddress address = dead.local_address();
      const TcpStream waiting = co_await TcpStream::connect(address);
      auto live = TcpListener::listen(SocketAddress::loopback(0));
      const std::vector<SocketAddress> both{address, live.local_address()};
      TcpStream client = co_await TcpStream::connect(both, 200ms);
      CHECK(client.peer_address() == live.local_address());
      // What the first has said, whatever comes after it.
      const std::vector<SocketAddress> silent_first{address, nobody};
      const std::string silent = co_await said_of_connect(silent_first, 20ms);
      CHECK(silent == "weft: connect of " + address.to_string() + ": Connection timed out");
      const std::vector<SocketAddress> refusing_first{nobody, address};
      const std::string refused = co_await said_of_connect(refusing_first, 20ms);
      CHECK(refused == "weft: connect of " + nobody.to_string() + ": Connection refused");
    });
  }
}

TEST_CASE("who gives each address less time is through with those that do not answer sooner") {
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run([]() -> Task<> {
      auto dead = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 0});
      const SocketAddress address = dead.local_address();
      const std::vector<SocketAddress> alone{address};
      const TcpStream waiting = co_await TcpStream::connect(address);
      const auto by_name = [](std::uint16_t port, std::chrono::nanoseconds each) -> Task<std::string> {
        try {
          static_cast<void>(co_await TcpStream::connect("127.0.0.1", port, each));
        } catch (const std::system_error& error) {
          co_return error.what();
        }
        co_return "connected";
      };
      // The system itself would give up after two minutes, and the default is ten seconds.
      const auto first = co_await weft::when_any(said_of_connect(alone, 1h), by_name(address.port(), 20ms));
      CHECK(first.index() == 1);
      const bool has_right_name = first.index() == 1 && std::get<1>(first) == "weft: connect of " + address.to_string() + ": Connection timed out";
      CHECK(has_right_name);
    });
  }
}

TEST_CASE("the file of a Unix listener goes with it, and one that was left behind can be replaced") {
  const TemporaryFolder folder;
  const std::string path = (folder / "socket").string();
  const SocketAddress address = SocketAddress::unix_path(path);
  {
    UnixListener first = UnixListener::listen(address);
    CHECK(std::filesystem::exists(path));
    const UnixListener moved = std::move(first);
    first.close();
    CHECK(std::filesystem::exists(path));
    // Somebody listens, so nothing is replaced.
    CHECK(said_by([&] { return UnixListener::listen(address, {.replace_stale = true}); }).find("Address already in use") != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    UnixListener killed = UnixListener::listen(address);
    killed.release().close();
    CHECK(std::filesystem::exists(path));
  }
  CHECK(said_by([&] { return UnixListener::listen(address); }) == "weft: listen of unix:" + path + ": Address already in use");
  CHECK(said_by([&] { return UnixListener::listen(address, {.replace_stale = true}); }).empty());
}

TEST_CASE("the file of a Unix listener goes with it also when the process is in another directory by then") {
  const TemporaryFolder folder;
  // A process has one working directory.
  const auto child = [&] {
    std::filesystem::current_path(folder / "");
    UnixListener listener = UnixListener::listen(SocketAddress::unix_path("socket"));
    const bool was_there = std::filesystem::is_socket(folder / "socket");
    std::filesystem::current_path("/");
    listener.close();
    return was_there && !std::filesystem::exists(folder / "socket") ? 0 : 1;
  };
  CHECK(in_child(child).status == 0);
}

TEST_CASE("a Unix listener leaves what somebody else has put in the place of its file") {
  const TemporaryFolder folder;
  const std::string path = (folder / "socket").string();
  const SocketAddress address = SocketAddress::unix_path(path);
  UnixListener first = UnixListener::listen(address);
  std::filesystem::remove(path);
  UnixListener second = UnixListener::listen(address);
  UnixListener moved = std::move(first);
  moved.close();
  CHECK(std::filesystem::is_socket(path));
  std::filesystem::remove(path);
  static_cast<void>(folder.write("socket", "a text"));
  second.close();
  CHECK(std::filesystem::is_regular_file(path));
}

TEST_CASE("a Unix listener that has no room for a connection is not taken for one that has gone") {
  const TemporaryFolder folder;
  const SocketAddress address = SocketAddress::unix_path((folder / "socket").string());
  const UnixListener busy = UnixListener::listen(address, {.backlog = 1});
  std::vector<weft::io::Descriptor> waiting;
  int result = 0;
  while (result == 0) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    result = ::connect(waiting.back().number(), address.native(), address.native_size());
  }
  CHECK(errno == EAGAIN);
  CHECK(said_by([&] { return UnixListener::listen(address, {.replace_stale = true}); }).find("Address already in use") != std::string::npos);
  CHECK(std::filesystem::is_socket(folder / "socket"));
}

TEST_CASE("a Unix connection waits for a listener that has no room") {
  with_each_setting([]() -> Task<> {
    const SocketAddress address = SocketAddress::unix_abstract("weft-full-" + std::to_string(::getpid()));
    auto listener = UnixListener::listen(address, {.backlog = 1});
    constexpr int kClients = 8;
    std::vector<int> right(kClients, 0);
    auto ask_all = [&]() -> Task<> {
      co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
        for (int& one : right) group.spawn(ask_unix(address, 1, one));
        co_return;
      });
    };
    co_await weft::when_all(serve(listener, kClients), ask_all());
    CHECK(std::count(right.begin(), right.end(), 1) == kClients);
  });
}

TEST_CASE("connections that the listener has no room for are made when it has") {
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    rt.run([]() -> Task<> {
      auto listener = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 0});
      constexpr int kClients = 4;
      std::vector<int> right(kClients, 0);
      auto ask_all = [&]() -> Task<> {
        co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
          for (int& one : right) group.spawn(ask_tcp(listener.local_address(), 1, one));
          co_return;
        });
      };
      // Those that the system has left unanswered ask again after a second.
      co_await weft::when_all(ask_all(), serve(listener, kClients));
      CHECK(std::count(right.begin(), right.end(), 1) == kClients);
    });
  }
}

TEST_CASE("a thousand connections are made and closed, one after another") {
  with_each_setting([]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const SocketAddress address = listener.local_address();
    int ends = 0;
    for (int i = 0; i < 1000; ++i) {
      TcpStream client = co_await TcpStream::connect(address);
      TcpStream server = co_await listener.accept();
      // Otherwise the ports of those that say goodbye are taken for a minute.
      server.reset_on_close();
      client.shutdown_write();
      std::string byte(1, '\0');
      const std::size_t size = co_await server.read(bytes_in(byte));
      ends += size == 0 ? 1 : 0;
    }
    CHECK(ends == 1000);
  });
}

TEST_CASE("a stream whose peer has reset the connection says so when it is read, and not when it is shut down") {
  with_each_setting([]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    {
      TcpStream server = co_await listener.accept();
      server.reset_on_close();
    }
    std::string byte(1, '\0');
    const auto read = co_await client.read(bytes_in(byte)).or_error();
    CHECK(read.error() == std::errc::connection_reset);
    CHECK_NOTHROW(client.shutdown_write());
    CHECK_NOTHROW(client.shutdown_read());
  });
}

TEST_CASE("a listener that finds no free descriptor says so, loses nothing, and goes on when there is one") {
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run([&]() -> Task<> {
      auto listener = TcpListener::listen(SocketAddress::loopback(0));
      // UBSan needs descriptors itself to look at the first call of each kind.
      TcpStream earlier = co_await TcpStream::connect(listener.local_address());
      const auto accepted = co_await listener.accept().or_error();
      CHECK(accepted.has_value());
      TcpStream client = co_await TcpStream::connect(listener.local_address());
      co_await client.write_all(bytes_in("patience"));
      std::optional<NoFreeDescriptor> limit(std::in_place);
      const auto refused = co_await listener.accept().or_error();
      const auto again = co_await listener.accept().or_error();
      limit.reset();
      CHECK(refused.error() == std::errc::too_many_files_open);
      CHECK(again.error() == std::errc::too_many_files_open);
      TcpStream server = co_await listener.accept();
      client.shutdown_write();
      const std::string got = co_await read_all(server);
      CHECK(got == "patience");
    });
  }
}

TEST_CASE("a thousand idle connections end when the runtime is told to") {
  for (const weft::IoBackend backend : working_backends()) {
    std::atomic<int> reading{0};
    std::atomic<int> cancelled{0};
    std::vector<std::pair<UnixStream, UnixStream>> pairs;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::size_t count = limit.rlim_cur < 2200 ? limit.rlim_cur / 2 - 100 : 1000;
    pairs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) pairs.push_back(weft::io::stream_pair());
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    for (auto& pair : pairs) {
      rt.spawn_detached([&]() -> Task<> {
        std::string byte(1, '\0');
        reading.fetch_add(1);
        try {
          co_await pair.first.read_exactly(bytes_in(byte));
        } catch (const weft::OperationCancelled&) {
          cancelled.fetch_add(1);
        }
      });
    }
    while (reading.load() < static_cast<int>(count)) std::this_thread::yield();
    CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    CHECK(cancelled.load() == static_cast<int>(count));
  }
}
