#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>

#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace weft_test;
using weft::Task;
using weft::io::TcpStream;
using weft::io::UnixStream;

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

template <class Stream>
Task<> send_all(Stream& stream, const std::string& text) {
  co_await stream.write_all(bytes_in(text));
  stream.shutdown_write();
}

using Parts = std::vector<std::span<const std::byte>>;

template <class Stream>
Task<> send_parts(Stream& stream, const Parts& parts) {
  co_await stream.write_all(parts);
  stream.shutdown_write();
}

/// What is received of what the other end sends.
template <class Stream, class Send>
Task<std::string> received(Stream& to, Send send) {
  auto [text, nothing] = co_await weft::when_all(read_all(to), std::move(send));
  static_cast<void>(nothing);
  co_return text;
}

}  // namespace

TEST_CASE("a megabyte goes through small buffers whole") {
  const std::string sent = pattern(kMegabyte);
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    // Smaller ones have TCP wait for its timers.
    pair.client.set_send_buffer(32 << 10);
    const std::string got = co_await received(pair.server, send_all(pair.client, sent));
    CHECK(got == sent);
    auto [one, other] = weft::io::stream_pair();
    one.set_send_buffer(4096);
    const std::string got_of_pair = co_await received(other, send_all(one, sent));
    CHECK(got_of_pair == sent);
  });
}

TEST_CASE("many buffers are written as if they were one, empty ones too, however they are cut") {
  const std::string sent = pattern(300'000);
  with_each_setting([&]() -> Task<> {
    SeededRandom random;
    auto [one, other] = weft::io::stream_pair();
    one.set_send_buffer(4096);
    Parts parts;
    std::size_t at = 0;
    while (at < sent.size()) {
      const std::size_t size = random.one_in(4) ? 0 : random.below(random.one_in(8) ? 40'000 : 400);
      const std::string_view part = std::string_view(sent).substr(at, size);
      parts.push_back(bytes_in(part));
      at += part.size();
    }
    parts.insert(parts.end(), 40, {});
    const std::string got = co_await received(other, send_parts(one, parts));
    CHECK(got == sent);
  });
}

TEST_CASE("writing nothing ends at once") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    co_await one.write_all(std::span<const std::byte>());
    co_await one.write_all(std::span<const std::span<const std::byte>>());
    co_await one.read_exactly({});
    one.close();
    const std::string got = co_await read_all(other);
    CHECK(got.empty());
  });
}

TEST_CASE("read_exactly fills its buffer from what comes in pieces, and says when the stream has ended before") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    std::string text(6, '\0');
    auto send = [&one = one]() -> Task<> {
      for (const char* part : {"ab", "cd", "ef", "gh"}) {
        co_await one.write_all(bytes_in(part));
        co_await weft::yield();
      }
      one.shutdown_write();
    };
    co_await weft::when_all(send(), [](UnixStream& from, std::string& to) -> Task<> { co_await from.read_exactly(bytes_in(to)); }(other, text));
    CHECK(text == "abcdef");
    const auto ended = co_await other.read_exactly(bytes_in(text)).or_error();
    CHECK(ended.error() == weft::io::Errc::UnexpectedEnd);
    std::string said;
    try {
      co_await other.read_exactly(bytes_in(text));
    } catch (const std::system_error& error) {
      said = error.what();
    }
    CHECK(said == "weft: read of unix:(unnamed): the stream has ended before all that was asked for had come");
  });
}

TEST_CASE("who has said that it writes no more still reads") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    co_await pair.client.write_all(bytes_in("question"));
    pair.client.shutdown_write();
    const std::string question = co_await read_all(pair.server);
    CHECK(question == "question");
    co_await pair.server.write_all(bytes_in("answer"));
    pair.server.close();
    const std::string answer = co_await read_all(pair.client);
    CHECK(answer == "answer");
  });
}

TEST_CASE("a peer that resets the connection is an error with its name, or a value") {
  with_each_setting([]() -> Task<> {
    for (const bool is_value : {true, false}) {
      TcpPair pair = co_await tcp_pair();
      const std::string name = pair.server.peer_address().to_string();
      pair.client.reset_on_close();
      pair.client.close();
      std::string byte(1, '\0');
      if (is_value) {
        const auto result = co_await pair.server.read(bytes_in(byte)).or_error();
        CHECK(result.error() == std::errc::connection_reset);
        continue;
      }
      std::string said;
      try {
        co_await pair.server.read(bytes_in(byte));
      } catch (const std::system_error& error) {
        said = error.what();
      }
      CHECK(said == "weft: read of " + name + ": Connection reset by peer");
    }
  });
}

TEST_CASE("a reset ends a read that waits, and a write as well") {
  const std::string much = pattern(std::size_t{32} << 20);
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::error_code of_read;
    std::error_code of_write;
    auto read = [&]() -> Task<> {
      std::string byte(1, '\0');
      const auto result = co_await pair.server.read_exactly(bytes_in(byte)).or_error();
      of_read = result.error();
    };
    auto write = [&]() -> Task<> {
      const auto result = co_await pair.server.write_all(bytes_in(much)).or_error();
      of_write = result.error();
    };
    auto reset = [&]() -> Task<> {
      std::string part(1 << 16, '\0');
      co_await pair.client.read_exactly(bytes_in(part));
      pair.client.reset_on_close();
      pair.client.close();
    };
    co_await weft::when_all(read(), write(), reset());
    // The first of the two to look is told of the reset, and the other that the connection has gone.
    const bool is_read_told = of_read == std::errc::connection_reset;
    const bool is_write_told = of_write == std::errc::connection_reset;
    CHECK((is_read_told || is_write_told));
    CHECK((is_read_told || of_read == weft::io::Errc::UnexpectedEnd));
    CHECK((is_write_told || of_write == std::errc::broken_pipe));
  });
}

TEST_CASE("writing to a peer that has gone is an error, and no signal") {
  const std::string much = pattern(kMegabyte);
  const TemporaryFolder folder;
  const weft::io::Descriptor file(::open(folder.write("much", much).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  with_each_setting([&]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    other.close();
    const auto written = co_await one.write(bytes_in(much)).or_error();
    CHECK(written.error() == std::errc::broken_pipe);
    const auto all = co_await one.write_all(bytes_in(much)).or_error();
    CHECK(all.error() == std::errc::broken_pipe);
    const Parts parts{bytes_in(much)};
    const auto gathered = co_await one.write_all(parts).or_error();
    CHECK(gathered.error() == std::errc::broken_pipe);
    std::error_code error;
    try {
      co_await one.send_file(file.number(), 0, much.size());
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
    CHECK(error == std::errc::broken_pipe);
  });
}

TEST_CASE("a peer that goes in the middle of a file is an error, and no signal") {
  const std::string much = pattern(8 * kMegabyte);
  const TemporaryFolder folder;
  const weft::io::Descriptor file(::open(folder.write("much", much).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  with_each_setting([&]() -> Task<> {
    for (int i = 0; i < 20; ++i) {
      TcpPair pair = co_await tcp_pair();
      const auto leave = [&]() -> Task<> {
        std::vector<std::byte> some(1000);
        static_cast<void>(co_await pair.server.read(some));
        pair.server.close();
      };
      std::error_code error;
      const auto send = [&]() -> Task<> {
        try {
          co_await pair.client.send_file(file.number(), 0, much.size());
        } catch (const std::system_error& thrown) {
          error = thrown.code();
        }
      };
      co_await weft::when_all(send(), leave());
      CHECK((error == std::errc::broken_pipe || error == std::errc::connection_reset));
    }
  });
}

TEST_CASE("a part of a file is sent as it is, and no more than there is") {
  const std::string whole = pattern(3 * kMegabyte + 17);
  const TemporaryFolder folder;
  const weft::io::Descriptor file(::open(folder.write("whole", whole).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  with_each_setting([&]() -> Task<> {
    struct Wanted {
      std::size_t offset;
      std::size_t length;
    };
    for (const Wanted wanted : {Wanted{0, whole.size()}, Wanted{5, 70'000}, Wanted{whole.size() - 3, 100}, Wanted{0, 0}}) {
      TcpPair pair = co_await tcp_pair();
      const std::string expected = whole.substr(wanted.offset, wanted.length);
      std::uint64_t said = 0;
      auto send = [&]() -> Task<> {
        said = co_await pair.client.send_file(file.number(), wanted.offset, wanted.length);
        pair.client.close();
      };
      const std::string got = co_await received(pair.server, send());
      CHECK(got == expected);
      CHECK(said == expected.size());
    }
  });
}

TEST_CASE("a file is not sent by a task that was asked to stop, also where nothing would wait") {
  const TemporaryFolder folder;
  const weft::io::Descriptor file(::open(folder.write("text", "text").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    bool is_cancelled = false;
    const auto send_late = [&](weft::TaskGroup& group) -> Task<> {
      group.request_stop();
      try {
        co_await pair.client.send_file(file.number(), 0, 4);
      } catch (const weft::OperationCancelled&) {
        is_cancelled = true;
      }
    };
    co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
      group.spawn(send_late(group));
      co_return;
    });
    CHECK(is_cancelled);
    pair.client.shutdown_write();
    const std::string got = co_await read_all(pair.server);
    CHECK(got.empty());
  });
}

TEST_CASE("one task reads while another one writes the same stream") {
  const std::string text = pattern(kMegabyte);
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    auto [left, right, a, b] =
        co_await weft::when_all(read_all(pair.client), read_all(pair.server), send_all(pair.client, text), send_all(pair.server, text));
    static_cast<void>(a);
    static_cast<void>(b);
    CHECK(left == text);
    CHECK(right == text);
  });
}

TEST_CASE("a fiber reads and writes as a coroutine does") {
  const std::string text = pattern(100'000);
  with_each_setting([&]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    one.set_send_buffer(4096);
    std::string got(text.size(), '\0');
    std::size_t more = 1;
    auto read = [&, &other = other] {
      weft::this_fiber::await(other.read_exactly(bytes_in(got)));
      std::string byte(1, '\0');
      more = weft::this_fiber::await(other.read(bytes_in(byte)));
    };
    auto write = [&, &one = one] {
      weft::this_fiber::await(one.write_all(bytes_in(text)));
      one.close();
    };
    co_await weft::when_all(weft::on_fiber(read), weft::on_fiber(write));
    CHECK(got == text);
    CHECK(more == 0);
  });
}
