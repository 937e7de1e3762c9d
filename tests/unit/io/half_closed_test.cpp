// A peer that has said that it writes no more is written to all the same, and waited for: an HTTP client of the old kind, which then reads the answer.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "io/faults.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace weft_test;
using weft::Task;
using weft::io::TcpStream;
using weft::io::UnixStream;

namespace {

/// Counts how often one buffer is sent, and how often it is asked for room, or for that and the sending of several.
class Sends final : public weft::detail::IoFaults {
 public:
  Sends() { use(this); }
  ~Sends() override { use(nullptr); }
  std::optional<std::int32_t> ended(const weft::detail::IoRequest& request) override {
    if (request.code == weft::detail::IoCode::Send) of_one_.fetch_add(1);
    if (request.code == weft::detail::IoCode::SendMsg || request.code == weft::detail::IoCode::Poll) asked_.fetch_add(1);
    return std::nullopt;
  }
  [[nodiscard]] int of_one() const { return of_one_.load(); }
  [[nodiscard]] int asked() const { return asked_.load(); }

 private:
  std::atomic<int> of_one_{0};
  std::atomic<int> asked_{0};
};

constexpr std::size_t kMuch = std::size_t{8} << 20;  // more than there is room for between the two

weft::io::Descriptor opened(const std::string& path) {
  weft::io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.is_open());
  return file;
}

/// Reads what comes when the other side has had time enough to find that there is no room. Gives all.
template <class Stream>
Task<std::string> read_late(Stream& stream) {
  stream.shutdown_write();
  for (int i = 0; i < 2000; ++i) co_await weft::yield();
  co_return co_await read_all(stream);
}

/// The same when the other side waits in the way in which the kernel does, or has asked often.
Task<std::string> read_when_waited_for(UnixStream& stream, const Sends& sends) {
  constexpr int kOften = 20;
  stream.shutdown_write();
  while (sends.of_one() == 0 && sends.asked() < kOften) co_await weft::yield();
  co_return co_await read_all(stream);
}

template <class Stream, class Send>
Task<> write_and_close(Stream& stream, const std::string& text, Send send) {
  co_await send(stream, text);
  stream.close();
}

template <class Stream>
Task<> send_whole(Stream& stream, const std::string& text) {
  co_await stream.write_all(text);
}

template <class Stream>
Task<> send_in_parts(Stream& stream, const std::string& text) {
  const std::span<const std::byte> all = bytes_in(text);
  const std::vector<std::span<const std::byte>> parts{all.first(3), all.subspan(3, 0), all.subspan(3, 100'000), all.subspan(100'003)};
  co_await stream.write_all(parts);
}

template <class Stream>
Task<> send_bit_by_bit(Stream& stream, const std::string& text) {
  for (std::span<const std::byte> rest = bytes_in(text); !rest.empty();) {
    const std::size_t size = co_await stream.write(rest);
    rest = rest.subspan(size);
  }
}

template <class Stream, class Send>
Task<> check_one(Stream& ours, Stream& theirs, const std::string& text, Send send) {
  const auto [nothing, got] = co_await weft::when_all(write_and_close(ours, text, send), read_late(theirs));
  static_cast<void>(nothing);
  CHECK(got.size() == text.size());
  CHECK((got == text));
}

/// By TCP and by a Unix socket.
template <class SendTcp, class SendUnix>
void check(SendTcp by_tcp, SendUnix by_unix) {
  const std::string text = pattern(kMuch);
  with_each_setting([&]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    co_await check_one(pair.server, pair.client, text, by_tcp);
    auto [ours, theirs] = weft::io::stream_pair();
    co_await check_one(ours, theirs, text, by_unix);
  });
}

}  // namespace

TEST_CASE("to a peer that writes no more all of one buffer is written") { check(send_whole<TcpStream>, send_whole<UnixStream>); }
TEST_CASE("to a peer that writes no more all of several buffers is written") { check(send_in_parts<TcpStream>, send_in_parts<UnixStream>); }
TEST_CASE("for a peer that writes no more and reads late nobody asks again and again whether there is room") {
  const std::string text = pattern(kMuch);
  const TemporaryFolder folder;
  const weft::io::Descriptor file = opened(folder.write("much", text));
  const auto send_file = [&](UnixStream& stream, const std::string& /*text*/) -> Task<> {
    static_cast<void>(co_await stream.send_file(file.number(), 0, kMuch));
  };
  const auto check_sending = [&](auto send) -> Task<> {
    const Sends sends;
    auto [ours, theirs] = weft::io::stream_pair();
    const auto [nothing, got] = co_await weft::when_all(write_and_close(ours, text, send), read_when_waited_for(theirs, sends));
    static_cast<void>(nothing);
    CHECK((got == text));
    CHECK(sends.of_one() >= 1);
  };
  for (const weft::IoBackend backend : working_backends()) {
    if (backend != weft::IoBackend::Uring) continue;  // epoll tells of room alone
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run(check_sending(send_in_parts<UnixStream>));
    rt.run(check_sending(send_file));
  }
}

TEST_CASE("to a peer that writes no more what there is room for is written") { check(send_bit_by_bit<TcpStream>, send_bit_by_bit<UnixStream>); }

TEST_CASE("to a peer that writes no more a file is sent whole, and no more than there is of it") {
  const std::string text = pattern(kMuch);
  const TemporaryFolder folder;
  const weft::io::Descriptor file = opened(folder.write("much", text));
  const auto send_file = [&](auto& stream, const std::string& /*text*/) -> Task<> {
    const std::uint64_t sent = co_await stream.send_file(file.number(), 0, 2 * kMuch);
    CHECK(sent == kMuch);
  };
  check(send_file, send_file);
}

TEST_CASE("a write to a peer that writes no more and does not read is ended by its time") {
  const std::string text = pattern(kMuch);
  with_each_setting([&]() -> Task<> {
    auto [ours, theirs] = weft::io::stream_pair();
    theirs.shutdown_write();
    const bool is_whole = co_await weft::completed_within(send_whole(ours, text), std::chrono::milliseconds(2));
    CHECK_FALSE(is_whole);
    auto [others, silent] = weft::io::stream_pair();
    silent.shutdown_write();
    const bool are_parts_whole = co_await weft::completed_within(send_in_parts(others, text), std::chrono::milliseconds(2));
    CHECK_FALSE(are_parts_whole);
  });
}
