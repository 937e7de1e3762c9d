// Bytes that come in buffers which nobody has held ready.
#include <catch2/catch.hpp>
#include <weft/io/received_bytes.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <chrono>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::ReceivedBytes;
using weft::io::TcpStream;

namespace {

std::string_view text_of(const ReceivedBytes& received) {
  return {reinterpret_cast<const char*>(received.bytes().data()), received.size()};
}

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

Task<std::string> receive_all(TcpStream& stream) {
  std::string all;
  for (;;) {
    const ReceivedBytes received = co_await stream.receive();
    if (received.empty()) co_return all;
    all += text_of(received);
  }
}

Task<> write_and_close(TcpStream& stream, const std::string& text) {
  co_await stream.write_all(text);
  stream.shutdown_write();
}

/// Receives from one stream after another, one byte of each, and keeps what has come.
Task<> keep(std::vector<TcpPair>& pairs, std::vector<ReceivedBytes>& kept) {
  for (TcpPair& pair : pairs) kept.push_back(co_await pair.server.receive());
}

}  // namespace

TEST_CASE("what is received in chosen buffers is what was sent") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    const std::string text = pattern(1'000'000);
    const auto [nothing, got] = co_await weft::when_all(write_and_close(pair.client, text), receive_all(pair.server));
    expect(got == text, "something else was received");
    const ReceivedBytes again = co_await pair.server.receive();
    expect(again.empty(), "something came after the end");
  });
}

TEST_CASE("more is received at the same time than there are buffers, and nothing that is kept changes") {
  with_each_setting([]() -> Task<> {
    constexpr std::size_t kMany = 200;
    std::vector<TcpPair> pairs;
    for (std::size_t i = 0; i < kMany; ++i) pairs.push_back(co_await tcp_pair());
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < kMany; ++i) co_await pairs[i].client.write_all(std::string(7, static_cast<char>(i + round)));
      std::vector<ReceivedBytes> kept;
      co_await keep(pairs, kept);
      for (std::size_t i = 0; i < kMany; ++i) {
        expect(text_of(kept[i]) == std::string(7, static_cast<char>(i + round)), "what was kept is not what was sent");
      }
    }
  });
}

TEST_CASE("buffers go back from other tasks on other workers") {
  for (const weft::IoBackend backend : working_backends()) {
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    const auto take = [](ReceivedBytes received, std::size_t& sum) -> Task<> {
      co_await weft::yield();
      for (const std::byte byte : received.bytes()) sum += std::to_integer<std::size_t>(byte);
    };
    std::size_t sent = 0;
    std::size_t got = 0;
    rt.run([&]() -> Task<> {
      TcpPair pair = co_await tcp_pair();
      for (int i = 0; i < 1000; ++i) {
        co_await pair.client.write_all(std::string(3, 'a'));
        sent += 3 * std::size_t{'a'};
        std::size_t sums[2] = {};
        ReceivedBytes received = co_await pair.server.receive();
        co_await weft::when_all(take(std::move(received), sums[0]), take(ReceivedBytes(), sums[1]));
        got += sums[0] + sums[1];
      }
      pair.client.close();
      const std::string rest = co_await receive_all(pair.server);
      for (const char byte : rest) got += static_cast<std::size_t>(byte);
    });
    CHECK(got == sent);
  }
}

TEST_CASE("a stop request ends a receive, and nothing is lost") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    for (int i = 0; i < 100; ++i) {
      const auto nothing = co_await weft::completed_within(pair.server.receive(), 200us);
      expect(!nothing.has_value(), "something came from nobody");
    }
    co_await pair.client.write_all("still there");
    const ReceivedBytes received = co_await pair.server.receive();
    expect(!received.empty() && std::string_view("still there").starts_with(text_of(received)), "what came after the stop is something else");
  });
}

TEST_CASE("a connection that is reset is an error of receive that names the peer") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    pair.client.reset_on_close();
    pair.client.close();
    std::string said;
    try {
      static_cast<void>(co_await pair.server.receive());
    } catch (const std::system_error& error) {
      said = error.what();
    }
    expect(said.find("weft: receive of 127.0.0.1:") == 0 && said.find("Connection reset by peer") != std::string::npos, "the error says something else");
  });
}

TEST_CASE("buffers that have gone back are chosen again") {
  constexpr std::size_t kOfOneWorker = 64;
  for (const weft::IoBackend backend : working_backends()) {
    if (backend != weft::IoBackend::Uring) continue;  // the others choose none
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    std::set<const std::byte*> used;
    rt.run([&]() -> Task<> {
      TcpPair pair = co_await tcp_pair();
      for (std::size_t i = 0; i < 5 * kOfOneWorker; ++i) {
        co_await pair.client.write_all("x");
        const ReceivedBytes received = co_await pair.server.receive();
        used.insert(received.bytes().data());
      }
    });
    CHECK(used.size() == kOfOneWorker);
  }
}

TEST_CASE("received bytes outlive the runtime, on which nobody waits any more") {
  for (const weft::IoBackend backend : working_backends()) {
    std::vector<ReceivedBytes> kept;
    {
      weft::Runtime rt{{.workers = 2, .io_backend = backend}};
      rt.run([&]() -> Task<> {
        TcpPair pair = co_await tcp_pair();
        for (int i = 0; i < 3; ++i) {
          co_await pair.client.write_all(std::string(8, static_cast<char>('a' + i)));
          kept.push_back(co_await pair.server.receive());
        }
      });
    }
    REQUIRE(kept.size() == 3);
    CHECK(text_of(kept[0]) == "aaaaaaaa");
    kept.erase(kept.begin());
    CHECK(text_of(kept[1]) == "cccccccc");
  }
  auto [stream, peer] = weft::io::stream_pair();
  weft::sync_wait([&]() -> Task<> { co_await peer.write_all("hello"); }());
  const ReceivedBytes received = weft::sync_wait(stream.receive());
  CHECK(text_of(received) == "hello");
}

TEST_CASE("received bytes are moved, and go back once") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    ReceivedBytes last;
    for (int i = 0; i < 200; ++i) {
      co_await pair.client.write_all("x");
      ReceivedBytes received = co_await pair.server.receive();
      last = std::move(received);
      expect(received.empty() && text_of(last) == "x", "moving has lost or doubled something");  // NOLINT: what is left is none
    }
  });
}
