#include <catch2/catch.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/file.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// Nothing depends on how long it is: what it ends waits for ever.
constexpr auto kSoon = 2ms;

template <class Stream>
Task<std::string> read_one(Stream& stream) {
  std::string byte(1, '\0');
  co_await stream.read_exactly(bytes_in(byte));
  co_return byte;
}

Task<> accept_one(TcpListener& listener, TcpStream& to) { to = co_await listener.accept(); }

Task<> connect_one(SocketAddress address, std::vector<TcpStream>& to) {
  TcpStream stream = co_await TcpStream::connect(address);
  to.push_back(std::move(stream));
}

Task<> connect_unix(SocketAddress address, std::vector<UnixStream>& to) {
  UnixStream stream = co_await UnixStream::connect(address);
  to.push_back(std::move(stream));
}

template <class Stream>
Task<> write_for_ever(Stream& stream, std::size_t& written) {
  const std::string text(4096, 'x');
  for (;;) written += co_await stream.write(bytes_in(text));
}

template <class Stream>
Task<> write_much(Stream& stream, const std::string& text) {
  co_await stream.write_all(bytes_in(text));
}

}  // namespace

TEST_CASE("a timeout ends a reader, and the stream goes on") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    for (int i = 0; i < 3; ++i) {
      const auto nothing = co_await weft::completed_within(read_one(pair.server), kSoon);
      CHECK_FALSE(nothing.has_value());
      co_await pair.client.write_all(bytes_in("x"));
      const std::string got = co_await read_one(pair.server);
      CHECK(got == "x");
    }
  });
}

TEST_CASE("a timeout ends an accept, and what comes later is for the next one") {
  with_each_setting([]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    TcpStream server;
    const bool is_accepted = co_await weft::completed_within(accept_one(listener, server), kSoon);
    CHECK_FALSE(is_accepted);
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    server = co_await listener.accept();
    CHECK(server.peer_address() == client.local_address());
  });
}

TEST_CASE("a timeout ends a connect to a peer that says nothing") {
  with_each_setting([]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 0});
    std::vector<TcpStream> connected;
    co_await connect_one(listener.local_address(), connected);
    // Until its queue is full the system answers for it.
    bool is_connected = true;
    while (is_connected) is_connected = co_await weft::completed_within(connect_one(listener.local_address(), connected), 20ms);
    CHECK(connected.size() < 10);
    TcpStream server = co_await listener.accept();
    CHECK(server.is_open());
  });
}

TEST_CASE("a timeout ends what a thread of the kernel's waits for, and that is a stop as any other") {
  constexpr int kRounds = 20;  // the thread may not have begun by the time that it is to end
  const TemporaryFolder folder;
  const std::string path = folder.write("leased", "text").string();
  const weft::io::Descriptor holder(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Who opens the file waits until its holder, who is asked by a signal, gives the lease back. The signal is one that nobody minds.
  const bool has_lease = ::fcntl(holder.number(), F_SETSIG, SIGWINCH) == 0 && ::fcntl(holder.number(), F_SETLEASE, F_WRLCK) == 0;
  if (!has_lease) return skip("this file system has no leases");
  for (const weft::IoBackend backend : working_backends()) {
    if (backend != weft::IoBackend::Uring) continue;  // the others have no such threads, and their own cannot be ended
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run([&]() -> Task<> {
      for (int i = 0; i < kRounds; ++i) {
        const auto opened = co_await weft::completed_within(weft::io::File::open(path), kSoon);
        CHECK_FALSE(opened.has_value());
      }
    });
  }
}

TEST_CASE("a timeout ends a Unix connect that waits for room") {
  with_each_setting([]() -> Task<> {
    auto listener = UnixListener::listen(SocketAddress::unix_abstract("weft-room-" + std::to_string(::getpid())), {.backlog = 0});
    std::vector<UnixStream> connected;
    bool is_connected = true;
    while (is_connected) is_connected = co_await weft::completed_within(connect_unix(listener.local_address(), connected), kSoon);
    CHECK(connected.size() < 10);
  });
}

TEST_CASE("a timeout ends a writer whose peer does not read, and all that was written arrives") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    std::size_t written = 0;
    const bool has_ended = co_await weft::completed_within(write_for_ever(one, written), kSoon);
    CHECK_FALSE(has_ended);
    one.shutdown_write();
    const std::string got = co_await read_all(other);
    CHECK(got.size() == written);
  });
}

TEST_CASE("a timeout ends the writing of all, and what has arrived is a beginning of it") {
  const std::string text = pattern(std::size_t{8} << 20);
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    const bool has_ended = co_await weft::completed_within(write_much(pair.client, text), kSoon);
    CHECK_FALSE(has_ended);
    pair.client.close();
    const std::string got = co_await read_all(pair.server);
    CHECK(got.size() < text.size());
    CHECK(text.compare(0, got.size(), got) == 0);
  });
}

TEST_CASE("an operation of a task that was asked to stop before does not begin") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    co_await other.write_all(bytes_in("x"));
    const auto nothing = co_await weft::completed_within(read_one(one), 0ms);
    CHECK_FALSE(nothing.has_value());
    const std::string got = co_await read_one(one);
    CHECK(got == "x");
  });
}

TEST_CASE("timeouts at any moment lose no frame of a stream") {
  constexpr int kFrames = 300;
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    auto write = [&]() -> Task<> {
      SeededRandom random(1);
      for (int i = 0; i < kFrames; ++i) {
        const std::string body = std::to_string(i) + std::string(random.below(3000), 'x');
        const std::string size{0, 0, static_cast<char>(body.size() >> 8), static_cast<char>(body.size())};
        // In two pieces, so that some waits end between them.
        const std::string frame = size + body;
        const std::size_t cut = random.below(frame.size());
        co_await pair.client.write_all(bytes_in(std::string_view(frame).substr(0, cut)));
        if (random.one_in(2)) co_await weft::sleep_for(std::chrono::microseconds(random.below(100)));
        co_await pair.client.write_all(bytes_in(std::string_view(frame).substr(cut)));
      }
      pair.client.close();
    };
    int in_order = 0;
    int ended = 0;
    auto read = [&]() -> Task<> {
      SeededRandom random(2);
      weft::io::BufferedReader reader(pair.server, 64);
      for (;;) {
        const auto frame = co_await weft::completed_within(reader.read_frame(4000), std::chrono::microseconds(random.below(100)));
        if (!frame) {
          ++ended;
          continue;
        }
        if (!*frame) co_return;
        const std::string_view body(reinterpret_cast<const char*>((*frame)->data()), (*frame)->size());
        const std::string number = std::to_string(in_order);
        in_order += body.substr(0, number.size()) == number ? 1 : 0;
      }
    };
    co_await weft::when_all(write(), read());
    CAPTURE(ended);
    CHECK(in_order == kFrames);
  });
}

TEST_CASE("timeouts at any moment lose no connection") {
  constexpr int kClients = 100;
  with_each_setting([&]() -> Task<> {
    auto listener = TcpListener::listen(SocketAddress::loopback(0));
    const SocketAddress address = listener.local_address();
    auto connect = [&]() -> Task<> {
      SeededRandom random(1);
      for (int i = 0; i < kClients; ++i) {
        TcpStream client = co_await TcpStream::connect(address);
        if (random.one_in(2)) co_await weft::sleep_for(std::chrono::microseconds(random.below(200)));
        // Says that it has been accepted.
        std::string byte(1, '\0');
        co_await client.read_exactly(bytes_in(byte));
        client.reset_on_close();
      }
    };
    int accepted = 0;
    auto accept = [&]() -> Task<> {
      SeededRandom random(2);
      while (accepted < kClients) {
        TcpStream server;
        const bool is_accepted = co_await weft::completed_within(accept_one(listener, server), std::chrono::microseconds(random.below(100)));
        if (!is_accepted) continue;
        ++accepted;
        co_await server.write_all(bytes_in("x"));
      }
    };
    co_await weft::when_all(connect(), accept());
    CHECK(accepted == kClients);
  });
}

TEST_CASE("a shutdown of a stream ends a read that waits") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    auto stop = [&one = one]() -> Task<> {
      co_await weft::yield();
      one.shutdown_read();
    };
    auto [got, nothing] = co_await weft::when_all(read_all(one), stop());
    static_cast<void>(nothing);
    CHECK(got.empty());
  });
}
