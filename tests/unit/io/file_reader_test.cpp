#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace io = weft::io;
using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::TemporaryFolder;

namespace {

/// All that the reader gives, appended.
Task<std::string> all_of(io::FileReader& reader) {
  std::string text;
  for (;;) {
    const std::span<const std::byte> block = co_await reader.next();
    if (block.empty()) break;
    text += text_of(block);
  }
  co_return text;
}

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    out = io::File(ends[0], "the pipe");
    in = io::File(ends[1], "the pipe");
  }
  io::File out;
  io::File in;
};

}  // namespace

TEST_CASE("a reader gives the whole file in blocks, whatever its size and however far it reads ahead") {
  const TemporaryFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock, 3 * kBlock + 1, 50 * kBlock - 1}) {
    const std::string text = random_text(size);
    const std::string path = folder.write("file", text);
    with_each_backend([&](Runtime& rt) {
      for (const unsigned depth : {1U, 2U, 3U, 8U}) {
        CAPTURE(size, depth);
        std::size_t blocks = 0;
        const auto read = [&](io::FileReader& reader) -> Task<std::string> {
          std::string all;
          for (;;) {
            const std::span<const std::byte> block = co_await reader.next();
            if (block.empty()) break;
            ++blocks;
            all += text_of(block);
          }
          const std::span<const std::byte> after = co_await reader.next();
          all += text_of(after);
          co_return all;
        };
        const io::ReaderOptions options{.block_size = kBlock, .depth = depth};
        CHECK((rt.run(io::with_file_reader(path, options, read)) == text));
        CHECK(blocks == (size + kBlock - 1) / kBlock);
      }
    });
  }
}

TEST_CASE("a reader reads no further ahead than it can, whatever it is asked for") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "text");
  with_each_backend([&](Runtime& rt) {
    const auto read = [&](io::FileReader& reader) -> Task<std::string> {
      const std::span<const std::byte> block = co_await reader.next();
      co_return text_of(block);
    };
    const io::ReaderOptions options{.block_size = kBlock, .depth = ~0U};
    CHECK((rt.run(io::with_file_reader(path, options, read)) == "text"));
  });
}

TEST_CASE("a reader gives a part of a file") {
  const TemporaryFolder folder;
  const std::string text = random_text(20 * kBlock);
  const std::string path = folder.write("file", text);
  with_each_backend([&](Runtime& rt) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{5}, kBlock, 20 * kBlock - 1, 20 * kBlock, 30 * kBlock}) {
      for (const std::size_t length : {std::size_t{0}, std::size_t{1}, kBlock, kBlock + 1, 30 * kBlock}) {
        CAPTURE(offset, length);
        const io::ReaderOptions options{.block_size = kBlock, .depth = 3, .offset = offset, .length = length};
        const std::string expected = offset < text.size() ? text.substr(offset, length) : "";
        CHECK((rt.run(io::with_file_reader(path, options, all_of)) == expected));
      }
    }
  });
}

TEST_CASE("a reader reads files of /proc, whose reads are short, and files that were opened direct") {
  const TemporaryFolder folder;
  const std::string text = random_text(5 * kBlock + 100);
  const std::string path = folder.write("file", text);
  with_each_backend([&](Runtime& rt) {
    const std::string kernel = rt.run(io::with_file_reader("/proc/kallsyms", {}, all_of));
    CHECK(kernel.size() > 1 << 16);
    CHECK(kernel.back() == '\n');
    const auto read_direct = [&]() -> Task<std::string> {
      auto opened = co_await io::File::open(path, {.direct = true}).or_error();
      if (!opened) co_return opened.error().message();
      const io::File file = opened.take();
      std::string all = co_await io::with_file_reader(file, {.block_size = kBlock}, all_of);
      co_return all;
    };
    const std::string read = rt.run(read_direct);
    if (read == "Invalid argument") {
      WARN("this file system has no direct I/O");
    } else {
      CHECK((read == text));
    }
  });
}

TEST_CASE("an error comes where the block is that could not be read, and comes again") {
  // Two pages of this process, and then none.
  void* const pages = ::mmap(nullptr, 3 * kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(::munmap(static_cast<char*>(pages) + 2 * kBlock, kBlock) == 0);
  with_each_backend([&](Runtime& rt) {
    const auto read = [&](io::FileReader& reader) -> Task<std::string> {
      std::string text;
      for (int i = 0; i < 4; ++i) {
        try {
          const std::span<const std::byte> block = co_await reader.next();
          text += block.size() == kBlock ? "block " : "part ";
        } catch (const std::system_error& error) {
          text += std::string(error.what()) + "; ";
        }
      }
      co_return text;
    };
    const io::ReaderOptions options{.block_size = kBlock, .depth = 8, .offset = reinterpret_cast<std::uintptr_t>(pages)};
    const std::string error = "weft: read of '/proc/self/mem': Input/output error; ";
    CHECK(rt.run(io::with_file_reader("/proc/self/mem", options, read)) == "block block " + error + error);
  });
  ::munmap(pages, 2 * kBlock);
}

TEST_CASE("a reader gives of a pipe what has come, until it is closed") {
  with_each_backend([&](Runtime& rt) {
    const std::string text = random_text(300'000);
    Pipe pipe;
    const auto write = [&]() -> Task<> {
      co_await pipe.in.write_all(std::as_bytes(std::span(text)));
      co_await pipe.in.close();
    };
    const auto both = [&]() -> Task<std::string> {
      auto [all, nothing] = co_await weft::when_all(io::with_file_reader(pipe.out, {.block_size = kBlock, .depth = 4}, all_of), write());
      static_cast<void>(nothing);
      co_return all;
    };
    CHECK((rt.run(both) == text));
    Pipe other;
    const auto ends = [&]() -> Task<std::size_t> {
      co_await other.in.write_all(std::as_bytes(std::span("one", 3)));
      std::size_t size = 0;
      const auto first = [&](io::FileReader& reader) -> Task<> {
        const std::span<const std::byte> block = co_await reader.next();
        size = block.size();
      };
      // The next read waits for what never comes, until the body has ended.
      co_await io::with_file_reader(other.out, {}, first);
      co_return size;
    };
    CHECK(rt.run(ends) == 3);
  });
}

TEST_CASE("a reader that waits is ended by a timeout around it, or around one block") {
  with_each_backend([&](Runtime& rt) {
    Pipe pipe;
    const auto limited = [&]() -> Task<std::string> { co_return co_await weft::timeout(io::with_file_reader(pipe.out, {}, all_of), 2ms); };
    CHECK_THROWS_AS(rt.run(limited), weft::TimeoutError);
    const auto one_block = [](io::FileReader& reader) -> Task<std::string> {
      std::string how;
      try {
        co_await weft::timeout(reader.next(), 2ms);
      } catch (const weft::TimeoutError&) {
        how += "too late";
      }
      try {
        co_await reader.next();
      } catch (const weft::OperationCancelled&) {
        how += ", and again";
      }
      co_return how;
    };
    CHECK(rt.run(io::with_file_reader(pipe.out, {}, one_block)) == "too late, and again");
  });
}

TEST_CASE("a reader that is left in the middle, by a stop or by an exception, has nothing under way any more") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", random_text(200 * kBlock));
  with_each_backend([&](Runtime& rt) {
    for (int i = 0; i < 100; ++i) {
      const auto leave = [&](io::FileReader& reader) -> Task<> {
        for (int n = 0; n < i % 5; ++n) co_await reader.next();
        throw std::runtime_error("left");
      };
      CHECK_THROWS_WITH(rt.run(io::with_file_reader(path, {.block_size = kBlock, .depth = 8}, leave)), "left");
      int blocks = 0;
      const int last = 1 + i % 7;
      const auto stop = [&](weft::TaskGroup& group) -> Task<> {
        const auto read = [&](io::FileReader& reader) -> Task<> {
          bool is_over = false;
          while (!is_over) {
            const std::span<const std::byte> block = co_await reader.next();
            is_over = block.empty();
            if (++blocks == last) group.request_stop();
          }
        };
        group.spawn(io::with_file_reader(path, {.block_size = kBlock, .depth = 4}, read));
        co_return;
      };
      CHECK_THROWS_AS(rt.run([&]() -> Task<> { co_await weft::with_task_group(stop); }), weft::OperationCancelled);
      CHECK(blocks >= last);
      // From another task, at any moment.
      const auto stop_soon = [&](weft::TaskGroup& group) -> Task<> {
        const auto read = [&](io::FileReader& reader) -> Task<> { co_await all_of(reader); };
        group.spawn(io::with_file_reader(path, {.block_size = kBlock, .depth = 4}, read));
        for (int n = 0; n < i % 10; ++n) co_await weft::yield();
        group.request_stop();
      };
      try {
        rt.run([&]() -> Task<> { co_await weft::with_task_group(stop_soon); });
      } catch (const weft::OperationCancelled&) {  // it may as well have come too late
      }
    }
  });
}

TEST_CASE("a shutdown that cancels ends a reader that waits") {
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    Pipe pipe;
    weft::Event has_begun;
    bool is_cancelled = false;
    {
      Runtime rt{{.workers = 2, .io_backend = backend}};
      const auto read = [&](io::FileReader& reader) -> Task<> {
        co_await reader.next();
        has_begun.set();
        try {
          co_await reader.next();
        } catch (const weft::OperationCancelled&) {
          is_cancelled = true;
        }
      };
      const auto work = [&]() -> Task<> { co_await io::with_file_reader(pipe.out, {}, read); };
      rt.spawn_detached(work());
      REQUIRE(::write(pipe.in.descriptor(), "x", 1) == 1);
      has_begun.wait();
      CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    }
    CHECK(is_cancelled);
  }
}

TEST_CASE("a file is read ahead in sync_wait and in a fiber") {
  const TemporaryFolder folder;
  const std::string text = random_text(10 * kBlock + 1);
  const std::string path = folder.write("file", text);
  CHECK((weft::sync_wait(io::with_file_reader(path, {.block_size = kBlock}, all_of)) == text));
  with_each_backend([&](Runtime& rt) {
    const auto on_fiber = [&]() -> Task<std::string> {
      const auto read = [&] { return weft::this_fiber::await(io::with_file_reader(path, {.block_size = kBlock}, all_of)); };
      co_return co_await weft::on_fiber(read);
    };
    CHECK((rt.run(on_fiber) == text));
  });
}
