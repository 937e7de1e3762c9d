#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/weft.hpp>

#include "support/many.hpp"
#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/streams.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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

/// How some conversations have ended.
struct Outcomes {
  std::atomic<int> right{0};
  std::atomic<int> reset{0};
  std::atomic<int> wrong{0};
};

/// Writes a text in pieces, at random moments.
Task<> write_in_pieces(TcpStream& to, std::string_view text, SeededRandom& random) {
  while (!text.empty()) {
    const std::size_t size = 1 + random.below(text.size());
    co_await to.write_all(bytes_in(text.substr(0, size)));
    text.remove_prefix(size);
    if (random.one_in(2)) co_await weft::yield();
  }
}

/// Answers when it has been told everything.
Task<> answer_all(TcpStream& stream) {
  std::string question = co_await read_all(stream);
  question += question;
  co_await stream.write_all(bytes_in(question));
  stream.reset_on_close();  // what is sent has arrived when the other end closes
  std::string byte(1, '\0');
  static_cast<void>(co_await stream.read(bytes_in(byte)).or_error());
}

Task<> ask_and_say_no_more(TcpStream& stream, const std::string& question, SeededRandom& random, Outcomes& ends) {
  co_await write_in_pieces(stream, question, random);
  stream.shutdown_write();
  std::string answer(2 * question.size(), '\0');
  co_await stream.read_exactly(bytes_in(answer));
  (answer == question + question ? ends.right : ends.wrong).fetch_add(1);
}

Task<> half_closed(SeededRandom& random, Outcomes& ends) {
  TcpPair pair = co_await tcp_pair();
  const std::string question = pattern(1 + random.below(random.one_in(4) ? 400'000 : 2'000));
  auto ask = [&]() -> Task<> {
    co_await ask_and_say_no_more(pair.client, question, random, ends);
    pair.client.reset_on_close();
    pair.client.close();
  };
  co_await weft::when_all(answer_all(pair.server), ask());
}

/// Whether that is what a connection says which the other end has reset, or which has gone since.
bool is_end(const std::error_code& error) {
  return error == std::errc::connection_reset || error == std::errc::broken_pipe || error == weft::io::Errc::UnexpectedEnd;
}

/// Reads or writes until that fails, which is the only way out.
Task<> go_on(TcpStream& stream, bool is_reading, Outcomes& ends) {
  std::string part(1 << 14, 'x');
  std::error_code error;
  while (!error) {
    if (is_reading) {
      const auto result = co_await stream.read_exactly(bytes_in(part)).or_error();
      error = result.error();
    } else {
      const auto result = co_await stream.write_all(bytes_in(std::string_view(part))).or_error();
      error = result.error();
    }
  }
  (is_end(error) ? ends.reset : ends.wrong).fetch_add(1);
}

/// Sends or takes a part of it, and goes without a word.
Task<> break_off(TcpStream& stream, bool is_reading, SeededRandom& random) {
  std::string part(random.below(100'000), 'x');
  if (is_reading) {
    co_await stream.read_exactly(bytes_in(part));
  } else {
    co_await write_in_pieces(stream, part, random);
  }
  for (std::uint64_t i = random.below(4); i > 0; --i) co_await weft::yield();
  stream.reset_on_close();
  stream.close();
}

Task<> reset_in_the_middle(SeededRandom& random, Outcomes& ends) {
  TcpPair pair = co_await tcp_pair();
  const bool is_reading = random.one_in(2);
  if (random.one_in(2)) pair.server.set_send_buffer(4096);
  co_await weft::when_all(go_on(pair.server, is_reading, ends), break_off(pair.client, !is_reading, random));
}

/// Both ends read and write at once when one of them resets.
Task<> reset_both_ways(SeededRandom& random, Outcomes& ends) {
  TcpPair pair = co_await tcp_pair();
  co_await weft::when_all(go_on(pair.server, true, ends), go_on(pair.server, false, ends), break_off(pair.client, random.one_in(2), random));
}

/// Holds conversations, some at a time, with each backend.
template <class Converse>
void hold(const char* what, Converse converse, Outcomes& ends) {
  constexpr int kAtOnce = 4;
  constexpr int kInARow = 8;
  const int rounds = options().is_long ? 200 : kSanitized ? 3 : 8;
  std::uint64_t stream = 0;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const std::size_t descriptors = open_descriptors();
    {
      Watchdog watchdog(what, 30s);
      weft::Runtime rt{{.workers = 2, .io_backend = backend}};
      for (int round = 0; round < rounds; ++round) {
        rt.run([&]() -> Task<> {
          const auto some = [&](std::uint64_t number) -> Task<> {
            SeededRandom random(number);
            for (int i = 0; i < kInARow; ++i) co_await converse(random, ends);
          };
          weft::Counter counter;
          for (int i = 0; i < kAtOnce; ++i) weft::spawn(some(++stream), counter);
          co_await counter;
        });
        watchdog.progress();
      }
    }
    CHECK(open_descriptors() == descriptors);
  }
}

}  // namespace

TEST_CASE("a client that has said that it writes no more is given the whole answer") {
  Outcomes ends;
  hold("half-closed sockets", half_closed, ends);
  CHECK(ends.right.load() > 0);
  CHECK(ends.wrong.load() == 0);
}

TEST_CASE("a peer that resets in the middle of a read or a write ends it with an error that says so") {
  Outcomes one_way;
  hold("resets in the middle", reset_in_the_middle, one_way);
  CHECK(one_way.reset.load() > 0);
  CHECK(one_way.wrong.load() == 0);
  Outcomes both_ways;
  hold("resets both ways", reset_both_ways, both_ways);
  CHECK(both_ways.reset.load() > 0);
  CHECK(both_ways.wrong.load() == 0);
}
