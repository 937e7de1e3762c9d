#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/weft.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stress/http_server/mutation.hpp"
#include "stress/http_server/served.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/backends.hpp"

using namespace http_server_test;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpStream;
using weft_test::SeededRandom;

namespace {

/// Sends pieces one after another, each by itself if the network has it so, and says that there is no more.
Task<> send_pieces(TcpStream& stream, const std::vector<std::string>& pieces) {
  stream.set_no_delay(true);
  for (const std::string& piece : pieces) {
    const auto sent = co_await stream.write_all(bytes_of(piece)).or_error();
    if (!sent) co_return;
    co_await weft::yield();
  }
  // Which fails if the server has gone.
  static_cast<void>(::shutdown(stream.native_handle(), SHUT_WR));
}

Task<std::string> everything_from(TcpStream& stream) {
  std::string all;
  std::string part(1 << 14, '\0');
  for (;;) {
    const auto size = co_await stream.read(room_in(part)).or_error();
    if (!size || *size == 0) co_return all;
    all.append(part, 0, *size);
  }
}

/// Takes out what stands between two texts, and those, wherever they are.
void take_out(std::string& text, std::string_view begin, std::string_view end) {
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    const std::size_t to = text.find(end, at);
    text.erase(at, to == std::string::npos ? to : to + end.size() - at);
  }
}

/// What the server says, but for the time, and whether it has asked for a body that had come already.
Task<std::string> answers(SocketAddress address, const std::vector<std::string>& pieces) {
  TcpStream stream = co_await TcpStream::connect(address);
  auto [said, nothing] = co_await weft::when_all(everything_from(stream), send_pieces(stream, pieces));
  static_cast<void>(nothing);
  take_out(said, "Date: ", "\r\n");
  take_out(said, "HTTP/1.1 100 Continue", "\r\n\r\n");
  co_return said;
}

constexpr std::size_t kHead = 300;
constexpr std::size_t kBody = 200;

/// Some requests one behind the other, of which some are broken.
std::string some_requests(SeededRandom& random) {
  Mutation mutate(random);
  std::string text;
  for (std::uint64_t count = 1 + random.below(4); count > 0; --count) {
    const std::string& good = good_requests()[random.below(good_requests().size())];
    std::string one = random.one_in(3) ? mutate(good) : good;
    // About as long as a head may be.
    const std::size_t line = one.find("\r\n");
    if (random.one_in(4) && line != std::string::npos) one.insert(line, std::string("\r\nX: ").append(kHead - 100 + random.below(100), 'x'));
    text += one;
  }
  return text;
}

std::vector<std::string> cut(std::string_view text, SeededRandom& random) {
  std::vector<std::string> pieces;
  const std::uint64_t most = random.one_in(3) ? 2 : 60;
  while (!text.empty()) {
    const std::size_t size = std::min<std::size_t>(1 + random.below(most), text.size());
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

}  // namespace

TEST_CASE("a server answers a stream of requests, broken ones too, in the same way however it is cut, and never from outside its folder") {
  using namespace std::chrono_literals;
  // Not for so long a time as others: each leaves a port behind that is taken for a minute.
  const int streams = weft_test::options().is_long ? 5'000 : 100;
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    weft_test::Watchdog watchdog("a broken stream", 30s);
    SeededRandom random(2);
    std::string fault;
    int answered = 0;
    serve(backend, {.head = kHead, .body = kBody}, [&](SocketAddress address) -> Task<> {
      for (int i = 0; i < streams && fault.empty(); ++i) {
        const std::string text = some_requests(random);
        const std::vector<std::string> whole(1, text);
        const std::vector<std::string> pieces = cut(text, random);
        const std::string at_once = co_await answers(address, whole);
        const std::string in_pieces = co_await answers(address, pieces);
        if (at_once != in_pieces) fault = escaped(text) + "\nat once: " + escaped(at_once) + "\nin pieces: " + escaped(in_pieces);
        if (!at_once.empty() && !at_once.starts_with("HTTP/1.1 ")) fault = escaped(text) + "\n" + escaped(at_once);
        if (at_once.find(kSecret) != std::string::npos) fault = "a file outside the folder: " + escaped(text);
        answered += at_once.empty() ? 0 : 1;
        watchdog.progress();
      }
    });
    CHECK(fault == "");
    CHECK(answered > streams / 4);
  }
}
