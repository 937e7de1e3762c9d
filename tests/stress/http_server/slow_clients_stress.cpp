#include <catch2/catch.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/tcp.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stress/http_server/served.hpp"
#include "support/open_descriptors.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/backends.hpp"

using namespace http_server_test;
using namespace std::chrono_literals;
using weft::Task;
using weft::io::BufferedReader;
using weft::io::SocketAddress;
using weft::io::TcpStream;

namespace {

/// How a client is slow: what it begins with, and what it says byte by byte from then on.
struct Slowness {
  std::string_view begin;
  std::string_view drip;
  bool reads = true;
};

constexpr Slowness kSlow[] = {
    {"", ""},
    {"", "GET / HTTP/1.1\r\nHost: here\r\nX: y"},
    {"GET / HTTP/1.1\r\nHost: here\r\n", "X: y\r\n"},
    {"POST /api/count HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n", "word "},
    {"POST /api/count HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
    {"POST /api/count HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
    {"GET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\n"
     "GET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\n"
     "GET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\nGET /large HTTP/1.1\r\nHost: here\r\n\r\n",
     "x", false},
};

/// Says one byte after another, until nobody listens any more, or the other task says that all is over.
Task<> drip(TcpStream& stream, const Slowness& slowness, const std::atomic<bool>& is_over) {
  const auto begun = co_await stream.write_all(bytes_of(slowness.begin)).or_error();
  bool goes_on = static_cast<bool>(begun) && !slowness.drip.empty();
  for (std::size_t i = 0; goes_on && !is_over.load(); ++i) {
    co_await weft::sleep_for(500us);
    const auto sent = co_await stream.write(bytes_of(slowness.drip.substr(i % slowness.drip.size(), 1))).or_error();
    goes_on = static_cast<bool>(sent);
  }
}

Task<> read_until_closed(TcpStream& stream, std::atomic<bool>& is_over) {
  std::string part(4096, '\0');
  bool goes_on = true;
  while (goes_on) {
    const auto size = co_await stream.read(room_in(part)).or_error();
    goes_on = size && *size > 0;
  }
  is_over.store(true);
}

/// It never ends by itself: the server has to.
Task<> slow_client(SocketAddress address, const Slowness& slowness) {
  TcpStream stream = co_await TcpStream::connect(address);
  if (!slowness.reads) stream.set_receive_buffer(4096);
  std::atomic<bool> is_over{false};
  if (slowness.reads) {
    co_await weft::when_all(drip(stream, slowness, is_over), read_until_closed(stream, is_over));
  } else {
    co_await drip(stream, slowness, is_over);
  }
}

/// The status of an answer, which is taken to its end; nothing: the connection has been closed.
Task<std::optional<int>> status_of_answer(TcpStream& stream) {
  BufferedReader reader(stream);
  std::optional<int> status;
  try {
    const auto head = co_await reader.read_until("\r\n\r\n", 65536);
    if (!head) co_return std::nullopt;
    status = std::stoi(std::string(head->substr(9, 3)));
    const std::size_t length = head->find("Content-Length: ");
    std::string body(length == head->npos ? 0 : std::stoul(std::string(head->substr(length + 16))), '\0');
    co_await reader.read_exactly(room_in(body));
  } catch (const std::system_error&) {
    // It was refused, or closed in the middle.
  }
  co_return status;
}

/// Asks again and again, on a connection of its own each time, and counts the answers by their status, until it is to stop and has had its number.
Task<> good_client(SocketAddress address, int least, const std::atomic<bool>& may_stop, std::atomic<int>& answered, std::atomic<int>& refused,
                   weft_test::Watchdog& watchdog) {
  int good = 0;
  while (good < least || !may_stop.load()) {
    TcpStream stream = co_await TcpStream::connect(address);
    stream.reset_on_close();
    const auto sent = co_await stream.write_all(bytes_of("GET / HTTP/1.1\r\nHost: here\r\n\r\n")).or_error();
    const auto status = co_await status_of_answer(stream);
    if (sent && status == 200) {
      ++good;
      answered.fetch_add(1);
      watchdog.progress();
    } else if (status == 503 || !status) {
      refused.fetch_add(1);
    }
    co_await weft::sleep_for(1ms);
  }
}

struct Outcome {
  std::size_t broken_off = 0;
  int answered = 0;
  int refused = 0;
};

/// Slow clients of each kind and a good one, until the server has got rid of the slow ones.
Outcome besiege(weft::IoBackend backend, const http_server::Limits& limits, int of_each, int least) {
  weft_test::Watchdog watchdog("slow clients", 60s);
  std::atomic<bool> are_gone{false};
  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  const std::size_t broken_off = serve(backend, limits, [&](SocketAddress address) -> Task<> {
    const auto all_slow = [&]() -> Task<> {
      weft::Counter slow;
      for (const Slowness& slowness : kSlow) {
        for (int i = 0; i < of_each; ++i) weft::spawn(slow_client(address, slowness), slow);
      }
      co_await slow;
      are_gone.store(true);
    };
    co_await weft::when_all(all_slow(), good_client(address, least, are_gone, answered, refused, watchdog));
  });
  return {broken_off, answered.load(), refused.load()};
}

}  // namespace

TEST_CASE("clients that say nothing, a byte at a time, or take no answer are ended by the server, which answers others meanwhile") {
  const int of_each = weft_test::options().is_long ? 200 : 8;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const std::size_t descriptors = weft_test::open_descriptors();
    const Outcome outcome = besiege(backend, {.idle = 100ms, .request = 100ms, .answer = 100ms}, of_each, 20);
    CHECK(outcome.broken_off == 0);
    CHECK(outcome.answered >= 20);
    CHECK(weft_test::open_descriptors() == descriptors);
  }
}

TEST_CASE("slow clients that have all connections there may be hold them no longer than the limits say") {
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const Outcome outcome = besiege(backend, {.connections = 4, .idle = 20ms, .request = 50ms, .answer = 50ms}, 4, 20);
    CHECK(outcome.broken_off == 0);
    CHECK(outcome.answered >= 20);
  }
}
