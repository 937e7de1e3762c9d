// Streams and datagrams when transfers are short or interrupted, submissions are refused, and completions are late or do not fit.
#include <catch2/catch.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/pipe.hpp>
#include <weft/io/udp.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "unit/io/passing_faults.hpp"
#include "unit/io/streams.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace weft_test;
using weft::Task;
using weft::io::BufferedReader;
using weft::io::Datagram;
using weft::io::SocketAddress;
using weft::io::TcpStream;
using weft::io::UdpSocket;

namespace {

constexpr int kMessagesOfEach = 60;

/// Of random sizes, the same for each who asks.
std::vector<std::string> messages_of(std::uint64_t stream, std::size_t longest) {
  SeededRandom random(stream);
  std::vector<std::string> messages;
  for (int i = 0; i < kMessagesOfEach; ++i) messages.push_back(pattern(1 + random.below(longest)));
  return messages;
}

/// More parts than are handed to the kernel at once, some of them empty.
std::vector<std::span<const std::byte>> in_parts(std::string_view text) {
  std::vector<std::span<const std::byte>> parts;
  for (std::size_t at = 0; at < text.size(); at += 300) {
    parts.push_back(bytes_in(text.substr(at, 300)));
    if (at % 900 == 0) parts.emplace_back();
  }
  return parts;
}

/// As one piece and as many, in turn.
template <class Writer>
Task<> write_messages(Writer& to, const std::vector<std::string>& messages) {
  bool is_in_parts = false;
  for (const std::string& message : messages) {
    is_in_parts = !is_in_parts;
    if (is_in_parts) {
      const auto parts = in_parts(message);
      co_await to.write_all(parts);
    } else {
      co_await to.write_all(bytes_in(message));
    }
  }
}

template <class Reader>
Task<bool> read_messages(Reader& from, const std::vector<std::string>& messages) {
  for (const std::string& message : messages) {
    std::string got(message.size(), '\0');
    co_await from.read_exactly(bytes_in(got));
    if (got != message) co_return false;
  }
  co_return true;
}

Task<> write_lines_and_frames(TcpStream& to, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const std::string head{0, 0, static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
    const std::string both = std::string(text.size(), 'x') + "\r\n" + head + text;
    co_await to.write_all(bytes_in(both));
  }
  to.shutdown_write();
}

/// A line and a frame in turn, up to the end.
Task<bool> read_lines_and_frames(TcpStream& from, const std::vector<std::string>& texts) {
  constexpr std::size_t kMost = 1 << 16;
  BufferedReader reader(from, 16);
  for (const std::string& text : texts) {
    const auto line = co_await not_interrupted([&] { return reader.read_line(kMost); });
    if (!line || *line != std::string(text.size(), 'x')) co_return false;
    const auto frame = co_await not_interrupted([&] { return reader.read_frame(kMost); });
    if (!frame || std::string_view(reinterpret_cast<const char*>(frame->data()), frame->size()) != text) co_return false;
  }
  const auto end = co_await not_interrupted([&] { return reader.read_line(kMost); });
  co_return !end.has_value();
}

Task<std::string> receive_so_many(TcpStream& from, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const weft::io::ReceivedBytes part = co_await not_interrupted([&] { return from.receive(); });
    if (part.bytes().empty()) break;
    all.append(reinterpret_cast<const char*>(part.bytes().data()), part.bytes().size());
  }
  co_return all;
}

Task<std::size_t> send_one(UdpSocket& from, const std::string& text, const SocketAddress& to) {
  co_await from.send_to(bytes_in(text), to);
  co_return text.size();
}
Task<Datagram> receive_datagram(UdpSocket& at, std::string& to) { co_return co_await at.receive_from(bytes_in(to)); }

}  // namespace

TEST_CASE("beside faults that pass a connection carries all that is written, both ways at once") {
  with_passing_faults([]() -> Task<bool> {
    TcpPair pair = co_await tcp_pair();
    const std::vector<std::string> there = messages_of(1, 9000);
    const std::vector<std::string> back = messages_of(2, 9000);
    const auto [first, second, is_right, is_right_back] =
        co_await weft::when_all(write_messages(pair.client, there), write_messages(pair.server, back), read_messages(pair.server, there),
                                read_messages(pair.client, back));
    static_cast<void>(first);
    static_cast<void>(second);
    co_return is_right && is_right_back;
  });
}

TEST_CASE("beside faults that pass a pipe carries all that is written") {
  with_passing_faults([]() -> Task<bool> {
    weft::io::Pipe pipe = weft::io::pipe();
    const std::vector<std::string> messages = messages_of(3, 9000);
    const auto [nothing, is_right] = co_await weft::when_all(write_messages(pipe.writer, messages), read_messages(pipe.reader, messages));
    static_cast<void>(nothing);
    co_return is_right;
  });
}

TEST_CASE("beside faults that pass lines and frames come whole, and a read that was interrupted has lost nothing") {
  with_passing_faults([]() -> Task<bool> {
    TcpPair pair = co_await tcp_pair();
    const std::vector<std::string> texts = messages_of(4, 3000);
    const auto [nothing, is_right] = co_await weft::when_all(write_lines_and_frames(pair.client, texts), read_lines_and_frames(pair.server, texts));
    static_cast<void>(nothing);
    co_return is_right;
  });
}

TEST_CASE("beside faults that pass what is received in chosen buffers is what was sent") {
  with_passing_faults([]() -> Task<bool> {
    TcpPair pair = co_await tcp_pair();
    const std::vector<std::string> messages = messages_of(5, 20'000);
    std::string all;
    for (const std::string& message : messages) all += message;
    const auto [nothing, got] = co_await weft::when_all(write_messages(pair.client, messages), receive_so_many(pair.server, all.size()));
    static_cast<void>(nothing);
    co_return got == all;
  });
}

TEST_CASE("beside faults that pass datagrams come once each, whole") {
  with_passing_faults([]() -> Task<bool> {
    auto server = UdpSocket::bind(SocketAddress::loopback(0));
    auto client = UdpSocket::bind(SocketAddress::loopback(0));
    std::string buffer(3000, '\0');
    for (int round = 0; round < 5; ++round) {
      for (const std::string& text : messages_of(static_cast<std::uint64_t>(round), 2000)) {
        const auto to = server.local_address();
        static_cast<void>(co_await not_interrupted([&] { return send_one(client, text, to); }));
        const Datagram got = co_await not_interrupted([&] { return receive_datagram(server, buffer); });
        if (buffer.substr(0, got.size) != text || got.is_truncated || got.from != client.local_address()) co_return false;
      }
    }
    co_return true;
  });
}
