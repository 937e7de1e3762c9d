#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "unit/io/old_kernel.hpp"
#include "unit/io/socket_pair.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using weft::Runtime;
using weft::Task;
using weft_test::WaysToWake;
using weft_test::WayToWake;

namespace {

Task<> echo_bytes(int fd, int messages) {
  char byte = 0;
  for (int i = 0; i < messages; ++i) {
    const std::size_t count = co_await receive(fd, &byte, 1);
    if (count != 1) co_return;
    co_await send(fd, &byte, 1);
  }
}

Task<int> ask_by_bytes(int fd, int messages) {
  int right = 0;
  for (int i = 0; i < messages; ++i) {
    const char out = static_cast<char>(i);
    char in = 0;
    co_await send(fd, &out, 1);
    const std::size_t count = co_await receive(fd, &in, 1);
    right += count == 1 && in == out ? 1 : 0;
  }
  co_return right;
}

Task<int> converse_by_bytes(int messages) {
  const Ends ends;
  auto [right, nothing] = co_await weft::when_all(ask_by_bytes(ends.of[0], messages), echo_bytes(ends.of[1], messages));
  static_cast<void>(nothing);
  co_return right;
}

/// How a receive that nobody answers has ended.
enum class End { Data, Cancelled, Error };

Task<End> receive_for_ever(int fd) {
  char byte = 0;
  try {
    co_await receive(fd, &byte, 1);
    co_return End::Data;
  } catch (const weft::OperationCancelled&) {
    co_return End::Cancelled;
  } catch (const std::system_error&) {
    co_return End::Error;
  }
}

}  // namespace

TEST_CASE("what one task sends another receives, on any number of workers and in sync_wait") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 2U, 4U}) {
      Runtime rt{{.workers = workers, .io_backend = backend}};
      CHECK(rt.run(converse_by_bytes(500)) == 500);
    }
  }
  CHECK(weft::sync_wait(converse_by_bytes(500)) == 500);
}

TEST_CASE("many conversations at once all end") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 2, .io_backend = backend}};
    const int right = rt.run([]() -> Task<int> {
      std::vector<weft::JoinHandle<int>> all;
      for (int i = 0; i < 200; ++i) all.push_back(weft::spawn(converse_by_bytes(20)));
      int sum = 0;
      for (auto& one : all) sum += co_await std::move(one);
      co_return sum;
    });
    CHECK(right == 200 * 20);
  }
}

TEST_CASE("a timeout ends an operation, and what comes later is for the next one") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    for (const unsigned workers : {1U, 2U}) {
      Runtime rt{{.workers = workers, .io_backend = backend}};
      const Ends ends;
      const auto ended = rt.run([&]() -> Task<End> { co_return co_await weft::timeout(receive_for_ever(ends.of[0]), 2ms); });
      CHECK(ended == End::Cancelled);
      const auto received = rt.run([&]() -> Task<std::size_t> {
        char byte = 'x';
        co_await send(ends.of[1], &byte, 1);
        char in = 0;
        co_return co_await receive(ends.of[0], &in, 1);
      });
      CHECK(received == 1);
    }
  }
}

TEST_CASE("a shutdown that cancels ends operations of all tasks") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const Ends ends;
    std::atomic<int> cancelled{0};
    {
      Runtime rt{{.workers = 2, .io_backend = backend}};
      std::atomic<int> begun{0};
      for (int i = 0; i < 50; ++i) {
        rt.spawn_detached([&]() -> Task<> {
          begun.fetch_add(1);
          const End end = co_await receive_for_ever(ends.of[0]);
          if (end == End::Cancelled) cancelled.fetch_add(1);
        });
      }
      while (begun.load() < 50) std::this_thread::yield();
      CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    }
    CHECK(cancelled.load() == 50);
  }
}

TEST_CASE("errors say what was done to what, or are values") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    char byte = 0;
    const auto result = rt.run([&]() -> Task<std::error_code> {
      const auto got = co_await receive(-1, &byte, 1).or_error();
      co_return got.error();
    });
    CHECK(result == std::errc::bad_file_descriptor);
    try {
      rt.run([&]() -> Task<> { co_await receive(-1, &byte, 1); });
      FAIL("it did not throw");
    } catch (const std::system_error& error) {
      CHECK(error.code() == std::errc::bad_file_descriptor);
      CHECK(std::string(error.what()).find("weft: receive") == 0);
    }
  }
}
