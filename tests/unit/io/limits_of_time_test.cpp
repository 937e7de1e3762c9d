// Operations that are no tasks where a task is asked for: limits of time, several at once, the first of several.
#include <catch2/catch.hpp>
#include <weft/io/event_fd.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace

TEST_CASE("timeout and completed_within take an operation as it is") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::string text(4, '\0');
    bool is_late = false;
    try {
      co_await weft::timeout(pair.server.read(bytes_in(text)), 2ms);
    } catch (const weft::TimeoutError&) {
      is_late = true;
    }
    require(is_late, "a read without a peer that writes ended in time");
    const std::optional<std::size_t> nothing = co_await weft::completed_within(pair.server.read(bytes_in(text)), 2ms);
    require(!nothing.has_value(), "a read without a peer that writes gave something");
    const bool all = co_await weft::completed_within(pair.server.read_exactly(bytes_in(text)), std::chrono::steady_clock::now() + 2ms);
    require(!all, "a read of all without a peer that writes ended");

    co_await weft::timeout(pair.client.write_all(bytes_in("abcd")), 1h);
    const std::size_t size = co_await weft::timeout(pair.server.read(bytes_in(text)), 1h);
    require(size > 0 && text.substr(0, size) == std::string("abcd").substr(0, size), "the stream did not go on after the timeouts");
  });
}

TEST_CASE("or_error keeps its form under a timeout") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    pair.client.close();
    std::string text(4, '\0');
    const auto result = co_await weft::timeout(pair.server.read_exactly(bytes_in(text)).or_error(), 1h);
    require(result.error() == weft::io::Errc::UnexpectedEnd, "the end of the stream is no value");
  });
}

TEST_CASE("when_any and when_all take operations beside tasks") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::string text(4, '\0');
    const auto first = co_await weft::when_any(pair.server.read(bytes_in(text)), weft::sleep_for(1ms));
    require(first.index() == 1, "a read without a peer that writes came first");

    const auto [a, size, b] = co_await weft::when_all(weft::sleep_for(1ms), pair.server.read(bytes_in(text)), pair.client.write_all(bytes_in("abcd")));
    require(size > 0, "nothing was read");
  });
}

TEST_CASE("an operation that was made a task is spawned, and one of many in a vector") {
  with_each_setting([]() -> Task<> {
    weft::io::EventFd events;
    co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
      group.spawn(weft::as_task(weft::sleep_for(1ms)));
      std::vector<Task<std::uint64_t>> waits;
      for (int i = 0; i < 10; ++i) waits.push_back(weft::as_task(events.wait()));
      events.add(3);
      const auto first = co_await weft::when_any(std::move(waits));
      require(first.value == 3, "who came first did not get what there was");
    });
  });
}

TEST_CASE("operations that keep a path take it with them into a task") {
  with_each_setting([]() -> Task<> {
    const std::string nowhere = "/no such folder/" + std::string(80, 'x');  // too long to be kept in place
    const auto [file, info] = co_await weft::when_all(weft::io::File::open(nowhere).or_error(), weft::io::stat(nowhere).or_error());
    require(file.error() == std::errc::no_such_file_or_directory && info.error() == file.error(), "a path did not arrive");
    const auto root = co_await weft::timeout(weft::io::stat("/"), 1h);
    require(root.kind == weft::io::FileKind::Directory, "the root is no folder");
    std::string said;
    try {
      co_await weft::timeout(weft::io::remove(nowhere), 1h);
    } catch (const std::system_error& error) {
      said = error.what();
    }
    require(said.find(nowhere) != std::string::npos, "the error does not name the path");
  });
}

TEST_CASE("an operation that nobody awaits has not begun") {
  with_each_setting([]() -> Task<> {
    TcpPair pair = co_await tcp_pair();
    std::string text(4, '\0');
    {
      auto read = pair.server.read(bytes_in(text));
      const auto task = weft::as_task(std::move(read));
    }
    co_await pair.client.write_all(bytes_in("abcd"));
    co_await pair.server.read_exactly(bytes_in(text));
    require(text == "abcd", "a read that was not awaited has taken something");
  });
}
