#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

using namespace std::chrono_literals;
namespace io = weft::io;
using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::TemporaryFolder;

namespace {

/// In pieces of random sizes.
Task<> write_in_pieces(io::FileWriter& writer, std::string_view text, std::size_t largest) {
  SeededRandom random(text.size());
  while (!text.empty()) {
    const std::size_t size = std::min<std::size_t>(random.below(largest + 1), text.size());
    co_await writer.write(text.substr(0, size));
    text.remove_prefix(size);
    if (random.one_in(20)) co_await writer.flush();
  }
}

std::string text_of_error(const std::system_error& error) { return error.what(); }

}  // namespace

TEST_CASE("what a writer was given is in the file, whatever the size of the pieces") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 9 * kBlock, 50 * kBlock + 7}) {
    const std::string text = random_text(size);
    with_each_backend([&](Runtime& rt) {
      for (const std::size_t largest : {std::size_t{100}, 3 * kBlock}) {
        for (const unsigned depth : {1U, 2U, 8U}) {
          CAPTURE(size, largest, depth);
          const auto write = [&](io::FileWriter& writer) -> Task<int> {
            co_await write_in_pieces(writer, text, largest);
            co_return 7;
          };
          const io::WriterOptions options{.block_size = kBlock, .depth = depth, .sync = depth == 1};
          CHECK(rt.run(io::with_file_writer(path, options, write)) == 7);
          CHECK((rt.run(io::read_file(path)) == text));
        }
      }
    });
  }
}

TEST_CASE("a writer begins where it is told to, or at the end of a file that was opened to append") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder.write("file", "0123456789");
    const std::string text = random_text(20 * kBlock);
    const auto write = [&](io::FileWriter& writer) -> Task<> { co_await write_in_pieces(writer, text, kBlock); };
    const auto write_to = [&](io::OpenOptions open, io::WriterOptions options) {
      rt.run([&]() -> Task<> {
        const io::File file = co_await io::File::open(path, open);
        co_await io::with_file_writer(file, options, write);
      });
    };
    write_to({.access = io::Access::Write}, {.block_size = kBlock, .depth = 4, .offset = 4});
    CHECK((rt.run(io::read_file(path)) == "0123" + text));
    write_to({.access = io::Access::Write, .append = true}, {.block_size = kBlock, .depth = 4});
    CHECK((rt.run(io::read_file(path)) == "0123" + text + text));
  });
}

TEST_CASE("what is written to a pipe is read from it in order, by one worker too, which a full pipe does not block") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 1, .io_backend = backend}};
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const io::File out(ends[0], "the pipe");
    io::File in(ends[1], "the pipe");
    const std::string text = random_text(500'000);
    const auto body = [&](io::FileWriter& writer) -> Task<> { co_await write_in_pieces(writer, text, 3 * kBlock); };
    const auto write = [&]() -> Task<> {
      co_await io::with_file_writer(in, {.block_size = kBlock, .depth = 4}, body);
      co_await in.close();
    };
    const auto both = [&]() -> Task<std::string> {
      auto [nothing, all] = co_await weft::when_all(write(), out.read_all());
      static_cast<void>(nothing);
      co_return all;
    };
    CHECK((rt.run(both) == text));
  }
}

TEST_CASE("a full disk is an error of a later write, of the flush, or of the end") {
  const std::string full = "weft: write of '/dev/full': No space left on device";
  with_each_backend([&](Runtime& rt) {
    const auto error_of = [&](auto body) -> std::string {
      try {
        rt.run(io::with_file_writer("/dev/full", {.block_size = kBlock}, body));
      } catch (const std::system_error& error) {
        return text_of_error(error);
      }
      return "none";
    };
    CHECK(error_of([](io::FileWriter& writer) -> Task<> { co_await writer.write("x"); }) == full);
    CHECK(error_of([](io::FileWriter&) -> Task<> { co_return; }) == "none");
    std::string flushed;
    std::string after;
    const auto flush = [&](io::FileWriter& writer) -> Task<> {
      co_await writer.write("x");
      try {
        co_await writer.flush();
      } catch (const std::system_error& error) {
        flushed = error.what();
      }
      try {
        co_await writer.write("y");
      } catch (const std::system_error& error) {
        after = error.what();
      }
    };
    CHECK(error_of(flush) == full);
    CHECK(flushed == full);
    CHECK(after == full);
    // No body goes on for ever.
    const auto for_ever = [](io::FileWriter& writer) -> Task<> {
      for (;;) co_await writer.write("0123456789");
    };
    CHECK(error_of(for_ever) == full);
  });
}

TEST_CASE("a writer whose body throws, or that is stopped while it waits, has nothing under way any more") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string text = random_text(30 * kBlock);
  with_each_backend([&](Runtime& rt) {
    for (std::size_t i = 0; i < 50; ++i) {
      const auto leave = [&](io::FileWriter& writer) -> Task<> {
        co_await writer.write(std::string_view(text).substr(0, i * 1000));
        throw std::runtime_error("left");
      };
      CHECK_THROWS_WITH(rt.run(io::with_file_writer(path, {.block_size = kBlock, .depth = 4}, leave)), "left");
      CHECK(std::filesystem::file_size(path) <= i * 1000);
    }
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const io::File out(ends[0], "the pipe");
    const io::File in(ends[1], "the pipe");
    const auto for_ever = [&](io::FileWriter& writer) -> Task<> {
      for (;;) co_await writer.write(text);
    };
    const auto limited = [&]() -> Task<> { co_await weft::timeout(io::with_file_writer(in, {}, for_ever), 2ms); };
    CHECK_THROWS_AS(rt.run(limited), weft::TimeoutError);
  });
}
