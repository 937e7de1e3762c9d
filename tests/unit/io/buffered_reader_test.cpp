#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/result.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/streams.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::BufferedReader;
using weft::io::UnixStream;

namespace {

/// A stream that gives a text in pieces of random sizes, without a kernel.
class CutText {
 public:
  CutText(std::string text, std::uint64_t stream) : text_(std::move(text)), random_(stream) {}

  struct Read {
    CutText& from;
    std::span<std::byte> to;
    static constexpr bool await_ready() noexcept { return true; }
    static void await_suspend(std::coroutine_handle<>) noexcept {}
    std::size_t await_resume() const { return from.copy(to); }
  };
  Read read(std::span<std::byte> to) { return {*this, to}; }
  static std::string describe() { return "a text"; }

 private:
  std::size_t copy(std::span<std::byte> to) {
    const std::size_t most = std::min(to.size(), text_.size() - at_);
    if (most == 0) return 0;
    const std::size_t size = 1 + random_.below(std::min<std::size_t>(most, random_.one_in(3) ? 1 : 40));
    std::copy_n(std::as_bytes(std::span(text_)).begin() + static_cast<std::ptrdiff_t>(at_), size, to.begin());
    at_ += size;
    return size;
  }

  std::string text_;
  std::size_t at_ = 0;
  SeededRandom random_;
};

using Reader = BufferedReader<CutText>;

template <class T>
T run(Task<T> task) {
  return weft::sync_wait(std::move(task));
}

std::optional<std::string> line_of(Reader& reader, std::size_t most) {
  return run([](Reader& from, std::size_t limit) -> Task<std::optional<std::string>> {
    const auto line = co_await from.read_line(limit);
    if (!line) co_return std::nullopt;
    co_return std::string(*line);
  }(reader, most));
}

std::string frame_of(std::string_view body) {
  const std::size_t size = body.size();
  std::string frame{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)};
  return frame.append(body);
}

}  // namespace

TEST_CASE("lines are the same however the stream is cut") {
  std::vector<std::string> lines;
  SeededRandom random;
  std::string text;
  for (int i = 0; i < 300; ++i) {
    lines.push_back(std::string(random.below(random.one_in(20) ? 900 : 60), static_cast<char>('a' + i % 26)));
    text += lines.back() + (random.one_in(2) ? "\n" : "\r\n");
  }
  lines.emplace_back("the last has no end");
  text += lines.back();
  for (std::uint64_t stream = 0; stream < 20; ++stream) {
    CutText from(text, stream);
    // Capacities of a few bytes have the buffer grow and be moved.
    Reader reader(from, 1 + stream);
    std::vector<std::string> got;
    while (auto line = line_of(reader, 1000)) got.push_back(*line);
    CHECK(got == lines);
  }
}

TEST_CASE("a line that is too long is an error with the limit, and nothing is lost") {
  CutText from("12345678\nrest\n", 1);
  Reader reader(from, 4);
  try {
    line_of(reader, 8);
    FAIL("it did not throw");
  } catch (const weft::LimitError& error) {
    CHECK(std::string(error.what()) == "weft: read_line of a text: nothing ends it; the limit is 8 bytes");
  }
  CHECK(line_of(reader, 9) == "12345678");
  CHECK(line_of(reader, 9) == "rest");
  CHECK_FALSE(line_of(reader, 9).has_value());
  CHECK_FALSE(line_of(reader, 9).has_value());
}

TEST_CASE("read_until gives everything up to its delimiter, which may be cut anywhere") {
  for (std::uint64_t stream = 0; stream < 20; ++stream) {
    CutText from("a\r\nb\r\n\r\n\r\n\r\nc\r\n", stream);
    Reader reader(from, 1);
    const bool is_right = run([](Reader& here) -> Task<bool> {
      const auto first = co_await here.read_until("\r\n\r\n", 100);
      if (first != "a\r\nb\r\n\r\n") co_return false;
      const auto second = co_await here.read_until("\r\n\r\n", 100);
      if (second != "\r\n\r\n") co_return false;
      try {
        static_cast<void>(co_await here.read_until("\r\n\r\n", 100));
        co_return false;
      } catch (const std::system_error& error) {
        co_return error.code() == weft::io::Errc::UnexpectedEnd && here.buffered().size() == 3;
      }
    }(reader));
    CHECK(is_right);
  }
}

TEST_CASE("frames are the same however the stream is cut, and one that is too long is refused before it is read") {
  std::string text;
  for (const std::size_t size : {0U, 1U, 255U, 256U, 70'000U}) text += frame_of(pattern(size));
  text += frame_of("too long") + frame_of("");
  for (std::uint64_t stream = 0; stream < 5; ++stream) {
    CutText from(text, stream);
    Reader reader(from, 3);
    const bool is_right = run([](Reader& here) -> Task<bool> {
      for (const std::size_t size : {0U, 1U, 255U, 256U, 70'000U}) {
        const auto frame = co_await here.read_frame(70'000);
        if (!frame) co_return false;
        const std::string_view body(reinterpret_cast<const char*>(frame->data()), frame->size());
        if (body != pattern(size)) co_return false;
      }
      try {
        static_cast<void>(co_await here.read_frame(7));
        co_return false;
      } catch (const weft::LimitError& error) {
        if (std::string_view(error.what()) != "weft: read_frame of a text: a frame of 8 bytes; the limit is 7 bytes") co_return false;
      }
      static_cast<void>(co_await here.read_frame(8));
      static_cast<void>(co_await here.read_frame(8));
      const auto end = co_await here.read_frame(8);
      co_return !end.has_value();
    }(reader));
    CHECK(is_right);
  }
}

TEST_CASE("a stream that ends inside a frame is an error") {
  for (const std::string& text : {frame_of("body").substr(0, 2), frame_of("body").substr(0, 6)}) {
    CutText from(text, 0);
    Reader reader(from);
    const bool is_right = run([](Reader& here) -> Task<bool> {
      try {
        static_cast<void>(co_await here.read_frame(100));
        co_return false;
      } catch (const std::system_error& error) {
        co_return error.code() == weft::io::Errc::UnexpectedEnd;
      }
    }(reader));
    CHECK(is_right);
  }
}

TEST_CASE("ways of reading can be mixed") {
  CutText from("line\n12345rest", 3);
  Reader reader(from);
  CHECK(line_of(reader, 100) == "line");
  const std::string rest = run([](Reader& here) -> Task<std::string> {
    std::string five(5, '\0');
    co_await here.read_exactly(bytes_in(five));
    const bool has_more = co_await here.has_more();
    std::string all = five + (has_more ? "|" : "");
    std::string part(3, '\0');
    for (;;) {
      const std::size_t size = co_await here.read(bytes_in(part));
      if (size == 0) break;
      all.append(part, 0, size);
    }
    const bool has_still_more = co_await here.has_more();
    co_return has_still_more ? "" : all;
  }(reader));
  CHECK(rest == "12345|rest");
}

TEST_CASE("a timeout in the middle of a line loses nothing") {
  with_each_setting([]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    BufferedReader reader(other);
    for (const char* part : {"half ", "a ", "line"}) {
      co_await one.write_all(bytes_in(part));
      const auto nothing = co_await weft::completed_within(reader.read_line(100), 2ms);
      CHECK_FALSE(nothing.has_value());
    }
    co_await one.write_all(bytes_in("\n"));
    const auto line = co_await reader.read_line(100);
    CHECK(line == "half a line");
  });
}

TEST_CASE("a frame that is announced takes no more memory than twice what has come of it") {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  std::string head = frame_of("").substr(0, 4);
  head[0] = '\x40';  // 1 GiB
  for (const std::size_t sent : {0U, 100'000U}) {
    CutText from(head + pattern(sent), 1);
    Reader reader(from);
    const bool is_right = run([](Reader& here) -> Task<bool> {
      try {
        static_cast<void>(co_await here.read_frame(kMost));
        co_return false;
      } catch (const std::system_error& error) {
        co_return error.code() == weft::io::Errc::UnexpectedEnd;
      }
    }(reader));
    CHECK(is_right);
    CHECK(reader.buffered().size() == 4 + sent);
    CHECK(reader.capacity() <= std::max<std::size_t>(8192, 2 * (4 + sent)));
  }
  // A peer that says nothing more.
  with_each_setting([&]() -> Task<> {
    auto [one, other] = weft::io::stream_pair();
    BufferedReader reader(other);
    co_await one.write_all(head);
    const auto nothing = co_await weft::completed_within(reader.read_frame(kMost), 2ms);
    CHECK_FALSE(nothing.has_value());
    CHECK(reader.capacity() == 8192);
  });
}

TEST_CASE("a reader gives the memory of a large frame back before it waits for the next one, and its view is good until then") {
  const std::string body = pattern(300'000);
  CutText from(frame_of(body) + frame_of("small"), 1);
  Reader reader(from, 1000);
  const bool is_right = run([](Reader& here, const std::string& large) -> Task<bool> {
    const auto frame = co_await here.read_frame(large.size());
    const bool is_large = std::string_view(reinterpret_cast<const char*>(frame->data()), frame->size()) == large;
    const std::size_t then = here.capacity();
    const bool has_more = co_await here.has_more();
    co_return is_large && has_more && then <= 4 + large.size() && here.capacity() == 1000;
  }(reader, body));
  CHECK(is_right);
}

TEST_CASE("a file gives its lines, from its own position or read ahead, and the blocks behind them") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string path = folder.write("file", text).string();
  const auto lines_of = []<class From>(From& from) -> Task<std::string> {
    BufferedReader reader(from, 100);
    std::string all;
    while (const auto line = co_await reader.read_line(50)) all.append(*line).append("\n");
    co_return all;
  };
  with_each_setting([&]() -> Task<> {
    weft::io::File file = co_await weft::io::File::open(path);
    const std::string simply = co_await lines_of(file);
    CHECK(simply == text);
    const std::string ahead = co_await weft::io::with_file_reader(
        path, {.block_size = 4096}, [&](weft::io::FileReader& reader) -> Task<std::string> { co_return co_await lines_of(reader); });
    CHECK(ahead == text);
    const std::string mixed = co_await weft::io::with_file_reader(path, {.block_size = 4096}, [](weft::io::FileReader& reader) -> Task<std::string> {
      std::string all(1000, '\0');
      const std::size_t size = co_await reader.read(bytes_in(all));
      all.resize(size);
      for (;;) {
        const std::span<const std::byte> block = co_await reader.next();
        if (block.empty()) co_return all;
        all.append(reinterpret_cast<const char*>(block.data()), block.size());
      }
    });
    CHECK(mixed == text);
    std::string said;
    try {
      BufferedReader reader(file);
      std::string byte(1, '\0');
      co_await reader.read_exactly(bytes_in(byte));
    } catch (const std::system_error& error) {
      said = error.what();
    }
    CHECK(said.find("weft: read_exactly of '" + path + "': ") == 0);
  });
}

namespace {

Task<std::string> line_then_error(UnixStream stream) {
  BufferedReader<UnixStream> reader(stream);
  const auto line = co_await weft::io::or_error(reader.read_line(100));
  std::string said(line.has_value() && *line ? **line : "none");
  std::array<std::byte, 100> all{};
  const auto rest = co_await weft::io::or_error(reader.read_exactly(all));
  co_return said + (rest.has_value() ? ", and all" : ", " + rest.error().message());
}

Task<> nothing_or_error(std::optional<std::error_code> error, std::vector<std::string>& found) {
  const auto fails = [](std::optional<std::error_code> with) -> Task<> {
    if (with) throw std::system_error(*with, "a read");
    co_return;
  };
  const auto result = co_await weft::io::or_error(fails(error));
  found.push_back(result.has_value() ? "ended" : result.error().message());
}

}  // namespace

TEST_CASE("a task of operations gives its error as a value where that is asked for") {
  auto [here, there] = weft::io::stream_pair();
  const std::string text = "a line\na part";
  REQUIRE(::write(there.native_handle(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(::shutdown(there.native_handle(), SHUT_WR) == 0);
  CHECK(weft::sync_wait(line_then_error(std::move(here))) == "a line, " + make_error_code(weft::io::Errc::UnexpectedEnd).message());

  std::vector<std::string> found;
  weft::sync_wait(nothing_or_error(std::nullopt, found));
  weft::sync_wait(nothing_or_error(std::make_error_code(std::errc::connection_reset), found));
  CHECK(found == std::vector<std::string>{"ended", std::make_error_code(std::errc::connection_reset).message()});
}

TEST_CASE("or_error lets through what is no error of an operation") {
  const auto stopped = []() -> Task<int> {
    throw weft::OperationCancelled();
    co_return 0;
  };
  const auto outer = [&]() -> Task<> { static_cast<void>(co_await weft::io::or_error(stopped())); };
  CHECK_THROWS_AS(weft::sync_wait(outer()), weft::OperationCancelled);
}
