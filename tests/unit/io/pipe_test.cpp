#include <catch2/catch.hpp>
#include <weft/io/event_fd.hpp>
#include <weft/io/pipe.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::EventFd;
using weft::io::PipeReader;
using weft::io::PipeWriter;

namespace {

Task<> write_and_close(PipeWriter& writer, const std::string& text) {
  co_await writer.write_all(bytes_in(text));
  writer.close();
}

Task<> write_parts(PipeWriter& writer, const std::vector<std::span<const std::byte>>& parts) {
  co_await writer.write_all(parts);
  writer.close();
}

Task<std::uint64_t> events_of(EventFd& events) { co_return co_await events.wait(); }

Task<std::string> four_of(weft::io::PipeReader& reader) {
  std::string text(4, '\0');
  co_await reader.read_exactly(bytes_in(text));
  co_return text;
}

}  // namespace

TEST_CASE("a megabyte goes through a pipe whole, in one piece and in many") {
  const std::string sent = pattern(std::size_t{1} << 20);
  with_each_setting([&]() -> Task<> {
    weft::io::Pipe whole = weft::io::pipe();
    auto [got, nothing] = co_await weft::when_all(read_all(whole.reader), write_and_close(whole.writer, sent));
    static_cast<void>(nothing);
    CHECK(got == sent);
    std::vector<std::span<const std::byte>> parts;
    for (std::size_t at = 0; at < sent.size(); at += 10'007) parts.push_back(bytes_in(std::string_view(sent).substr(at, 10'007)));
    weft::io::Pipe cut = weft::io::pipe();
    auto [got_cut, nothing_again] = co_await weft::when_all(read_all(cut.reader), write_parts(cut.writer, parts));
    static_cast<void>(nothing_again);
    CHECK(got_cut == sent);
  });
}

TEST_CASE("writing into a pipe that nobody reads is an error, and no signal") {
  with_each_setting([]() -> Task<> {
    weft::io::Pipe pipe = weft::io::pipe();
    pipe.reader.close();
    const auto result = co_await pipe.writer.write(bytes_in("x")).or_error();
    CHECK(result.error() == std::errc::broken_pipe);
    const std::string name = pipe.writer.describe();
    std::string said;
    try {
      co_await pipe.writer.write_all(bytes_in("x"));
    } catch (const std::system_error& error) {
      said = error.what();
    }
    CHECK(said == "weft: write of " + name + ": Broken pipe");
  });
}

namespace {

Task<> read_bytes(PipeReader& from, std::atomic<int>& read) {
  std::string byte(1, '\0');
  for (;;) {
    const std::size_t size = co_await from.read(bytes_in(byte));
    if (size == 0) co_return;
    read.fetch_add(1);
  }
}

}  // namespace

TEST_CASE("many read one pipe, each byte comes to one of them, and nobody is woken in vain once too often") {
  constexpr int kReaders = 20;
  constexpr int kBytes = 400;  // the kernel gives up after 128
  with_each_setting([&]() -> Task<> {
    auto [reader, writer] = weft::io::pipe();
    std::atomic<int> read{0};
    weft::Counter all;
    for (int i = 0; i < kReaders; ++i) weft::spawn(read_bytes(reader, read), all);
    for (int i = 1; i <= kBytes; ++i) {
      co_await writer.write_all("x");
      while (read.load() < i) co_await weft::yield();
    }
    writer.close();
    co_await all;
    CHECK(read.load() == kBytes);
  });
}

TEST_CASE("what comes from a terminal is read as from a pipe, and others run meanwhile") {
  with_each_setting([]() -> Task<> {
    weft::io::Descriptor screen(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(screen.is_open());
    const int master = screen.number();
    const bool is_made = ::grantpt(master) == 0 && ::unlockpt(master) == 0;
    REQUIRE(is_made);
    PipeReader keyboard(weft::io::Descriptor(::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC)));
    const auto read = [&]() -> Task<std::string> {
      std::string text(16, '\0');
      const std::size_t size = co_await keyboard.read(bytes_in(text));
      co_return text.substr(0, size);
    };
    const auto type = [&]() -> Task<> {
      for (int i = 0; i < 200; ++i) co_await weft::yield();
      if (::write(master, "line\n", 5) != 5) throw std::runtime_error("the terminal takes nothing");
    };
    const auto [line, nothing] = co_await weft::when_all(read(), type());
    static_cast<void>(nothing);
    CHECK(line == "line\n");
  });
}

TEST_CASE("a timeout ends a wait for a pipe, and the pipe goes on") {
  with_each_setting([]() -> Task<> {
    weft::io::Pipe pipe = weft::io::pipe();
    const auto nothing = co_await weft::completed_within(four_of(pipe.reader), 2ms);
    CHECK_FALSE(nothing.has_value());
    co_await pipe.writer.write_all(bytes_in("late"));
    const std::string got = co_await four_of(pipe.reader);
    CHECK(got == "late");
  });
}

TEST_CASE("events are counted, from any thread, and taken all at once") {
  with_each_setting([]() -> Task<> {
    EventFd events(2);
    events.add(3);
    const std::uint64_t first = co_await events.wait();
    CHECK(first == 5);
    const auto nothing = co_await weft::completed_within(events_of(events), 2ms);
    CHECK_FALSE(nothing.has_value());
    std::thread other([&] { events.add(7); });
    const std::uint64_t second = co_await events.wait();
    other.join();
    CHECK(second == 7);
  });
}

TEST_CASE("a task that was asked to stop takes no events") {
  with_each_setting([]() -> Task<> {
    EventFd events(1);
    const auto nothing = co_await weft::completed_within(events_of(events), 0ms);
    CHECK_FALSE(nothing.has_value());
    const std::uint64_t count = co_await events.wait();
    CHECK(count == 1);
  });
}

TEST_CASE("each event lets one of those who wait go on") {
  with_each_setting([]() -> Task<> {
    EventFd events;
    constexpr int kWaiting = 20;
    auto add = [&]() -> Task<> {
      // One at a time: each is taken before the next comes, or two are taken by one, who leaves the rest to the end.
      for (int i = 0; i < kWaiting; ++i) {
        events.add();
        co_await weft::yield();
      }
    };
    std::uint64_t sum = 0;
    auto take = [&]() -> Task<> {
      while (sum < kWaiting) sum += co_await events.wait();
    };
    co_await weft::when_all(take(), add());
    CHECK(sum == kWaiting);
  });
}
