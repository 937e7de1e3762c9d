#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace io = weft::io;
using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::TemporaryFolder;

namespace {

/// What awaiting it throws, or nothing.
template <class Make>
Task<std::optional<std::system_error>> error_of(Make make) {
  try {
    co_await make();
  } catch (const std::system_error& error) {
    co_return error;
  }
  co_return std::nullopt;
}

template <class Make>
std::optional<std::system_error> error_in(Runtime& rt, Make make) {
  return rt.run(error_of(std::move(make)));
}

constexpr io::OpenOptions kReadWrite{.access = io::Access::ReadWrite, .create = true};

}  // namespace

TEST_CASE("what is written to a file is read from it") {
  const TemporaryFolder folder;
  const std::string text = random_text(100'000);
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder / "file";
    const auto round_trip = [&]() -> Task<std::string> {
      io::File file = co_await io::File::create(path);
      co_await file.write_all_at(bytes_of(text), 0);
      co_await file.sync();
      co_await file.sync_data();
      co_await file.close();
      io::File again = co_await io::File::open(path);
      std::string read = co_await again.read_all();
      co_return read;
    };
    CHECK(rt.run(round_trip) == text);
  });
}

TEST_CASE("a file is read in sync_wait, on fibers, and in blocking style") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "twelve bytes");
  CHECK(weft::sync_wait(io::read_file(path)) == "twelve bytes");
  with_each_backend([&](Runtime& rt) {
    const auto on_fiber = [&]() -> Task<std::string> {
      std::string text;
      const auto read = [&] {
        const io::File file = weft::this_fiber::await(io::File::open(path));
        std::array<std::byte, 6> part{};
        const std::size_t count = weft::this_fiber::await(file.read_at(part, 7));
        text = text_of(std::span(part).first(count));
        text += weft::this_fiber::await(file.read_all());
      };
      co_await weft::on_fiber(read);
      co_return text;
    };
    CHECK(rt.run(on_fiber) == "bytestwelve bytes");
  });
}

TEST_CASE("a read ends where the file does, and beyond it there is nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "0123456789");
  with_each_backend([&](Runtime& rt) {
    const auto read = [&]() -> Task<std::vector<std::size_t>> {
      const io::File file = co_await io::File::open(path);
      std::array<std::byte, 16> to{};
      std::vector<std::size_t> counts;
      for (const std::uint64_t offset : {0U, 4U, 9U, 10U, 1000U}) {
        const std::size_t one = co_await file.read_at(to, offset);
        const std::size_t all = co_await file.read_all_at(to, offset);
        counts.push_back(one);
        counts.push_back(all);
      }
      const std::size_t nothing = co_await file.read_at(std::span<std::byte>(), 3);
      counts.push_back(nothing);
      co_return counts;
    };
    CHECK(rt.run(read) == std::vector<std::size_t>{10, 10, 6, 6, 1, 1, 0, 0, 0, 0, 0});
  });
}

TEST_CASE("no offset means the file's own position, and one that no file has is an error") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "0123456789");
  with_each_backend([&](Runtime& rt) {
    const auto read = [&]() -> Task<std::string> {
      const io::File file = co_await io::File::open(path);
      std::array<std::byte, 3> to{};
      std::string text;
      for (int i = 0; i < 2; ++i) {
        const std::size_t count = co_await file.read(to);
        text += text_of(std::span(to).first(count));
      }
      const auto beyond = co_await file.read_at(to, ~std::uint64_t{0}).or_error();
      text += beyond ? "" : "!";
      co_return text;
    };
    CHECK(rt.run(read) == "012345!");
  });
}

TEST_CASE("files of /proc, which say that they are empty, are read whole") {
  with_each_backend([&](Runtime& rt) {
    const std::string status = rt.run(io::read_file("/proc/self/status"));
    CHECK(status.find("Name:") == 0);
    const std::string maps = rt.run(io::read_file("/proc/self/maps"));
    CHECK(maps.size() > 1000);
    CHECK(maps.back() == '\n');
  });
}

TEST_CASE("what is appended comes after what was there, whatever the offset") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder.write("file", "one ");
    const auto append = [&]() -> Task<> {
      io::File file = co_await io::File::open(path, {.access = io::Access::Write, .append = true});
      co_await file.write_all(bytes_of("two "));
      co_await file.write_all_at(bytes_of("three"), 0);
      co_await file.close();
    };
    rt.run(append);
    CHECK(rt.run(io::read_file(path)) == "one two three");
  });
}

TEST_CASE("create empties a file, create_new refuses one that is there") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder.write("file", "old");
    const io::OpenOptions as_new{.access = io::Access::Write, .create_new = true};
    const auto refused = error_in(rt, [&] { return io::File::open(path, as_new); });
    REQUIRE(refused);
    CHECK(refused->code() == std::errc::file_exists);
    CHECK(rt.run(io::read_file(path)) == "old");
    rt.run([&]() -> Task<> { co_await io::File::create(path); });
    CHECK(std::filesystem::file_size(path) == 0);
    std::filesystem::remove(path);
    rt.run([&]() -> Task<> { co_await io::File::open(path, as_new); });
    CHECK(std::filesystem::exists(path));
  });
}

TEST_CASE("a file that is created has the permissions that were asked for, and no program that is executed inherits it") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  with_each_backend([&](Runtime& rt) {
    const auto create = [&]() -> Task<std::pair<std::uint32_t, int>> {
      const io::OpenOptions options{.access = io::Access::Write, .create = true, .permissions = 0640};
      const io::File file = co_await io::File::open(path, options);
      const io::FileInfo info = co_await file.info();
      co_return std::pair(info.permissions, ::fcntl(file.descriptor(), F_GETFD));
    };
    const auto [permissions, flags] = rt.run(create);
    CHECK((permissions & 0700U) == 0600);
    CHECK((permissions & 0007U) == 0);
    CHECK((flags & FD_CLOEXEC) != 0);
    std::filesystem::remove(path);
  });
}

TEST_CASE("errors name the operation and the file") {
  const TemporaryFolder folder;
  const std::string missing = folder / "none";
  const std::string file_path = folder.write("file", "text");
  const std::string folder_path = (folder / "file").parent_path();
  std::filesystem::create_symlink("loop", folder / "loop");
  with_each_backend([&](Runtime& rt) {
    const auto text_of_error = [&](auto make) {
      const auto error = error_in(rt, std::move(make));
      return std::string(error ? error->what() : "none");
    };
    CHECK(text_of_error([&] { return io::File::open(missing); }) == "weft: open of '" + missing + "': No such file or directory");
    CHECK(text_of_error([&] { return io::read_file(missing); }) == "weft: open of '" + missing + "': No such file or directory");
    CHECK(text_of_error([&] { return io::File::open(file_path + "/x"); }) == "weft: open of '" + file_path + "/x': Not a directory");
    CHECK(text_of_error([&] { return io::File::create(folder_path); }) == "weft: open of '" + folder_path + "': Is a directory");
    CHECK(text_of_error([&] { return io::File::open("/proc/self/status", {.direct = true}); }) ==
          "weft: direct open of '/proc/self/status': Invalid argument");
    CHECK(text_of_error([&] { return io::read_file(folder_path); }) == "weft: read of '" + folder_path + "': Is a directory");
    const std::string loop = folder / "loop";
    CHECK(text_of_error([&] { return io::File::open(loop); }) == "weft: open of '" + loop + "': Too many levels of symbolic links");
    const io::File only_read = rt.run([&]() -> Task<io::File> { co_return co_await io::File::open(file_path); });
    CHECK(text_of_error([&] { return only_read.write_at(bytes_of("x"), 0); }) == "weft: write of '" + file_path + "': Bad file descriptor");
    CHECK(text_of_error([&] { return only_read.write_all(bytes_of("x")); }) == "weft: write of '" + file_path + "': Bad file descriptor");
    CHECK(text_of_error([&] { return only_read.truncate(1); }) == "weft: truncate of '" + file_path + "': Invalid argument");
    const std::string with_zero("/etc/\0motd", 10);
    const auto error = error_in(rt, [&] { return io::File::open(with_zero); });
    CHECK((error && error->code() == std::errc::no_such_file_or_directory));
  });
}

TEST_CASE("errors that are nothing unusual are values") {
  const TemporaryFolder folder;
  const std::string there = folder.write("file", "text");
  const std::string missing = folder / "none";
  with_each_backend([&](Runtime& rt) {
    const auto open_both = [&]() -> Task<std::pair<std::error_code, std::string>> {
      const auto none = co_await io::File::open(missing).or_error();
      auto opened = co_await io::File::open(there).or_error();
      const io::File file = opened.take();
      std::string text = co_await file.read_all();
      co_return std::pair(none.error(), text + file.name());
    };
    const auto [error, text] = rt.run(open_both);
    CHECK(error == std::errc::no_such_file_or_directory);
    CHECK(text == "text" + there);
    const auto ask_both = [&]() -> Task<> {
      io::File file = co_await io::File::open(there);
      io::IoResult<std::uint64_t> size = co_await file.size().or_error();
      CHECK(*size == 4);
      io::IoResult<void> closed = co_await file.close().or_error();
      CHECK(closed.has_value());
      CHECK_FALSE(file.is_open());
      size = co_await file.size().or_error();
      CHECK(size.error() == std::errc::bad_file_descriptor);
      closed = co_await file.close().or_error();
      CHECK(closed.error() == std::errc::bad_file_descriptor);
    };
    rt.run(ask_both());
  });
}

TEST_CASE("a file is cut off, and made longer by a hole that reads as zeros and takes no room") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder.write("file", "0123456789");
    const auto change = [&]() -> Task<std::string> {
      const io::File file = co_await io::File::open(path, kReadWrite);
      co_await file.truncate(4);
      co_await file.truncate(6);
      std::string text = co_await file.read_all();
      co_await file.truncate(std::uint64_t{1} << 30);
      const std::uint64_t size = co_await file.size();
      const io::FileInfo info = co_await file.info();
      text += size == std::uint64_t{1} << 30 && info.allocated < 1U << 20 ? "hole" : "full";
      std::array<std::byte, 3> end{std::byte{1}, std::byte{1}, std::byte{1}};
      const std::size_t count = co_await file.read_all_at(end, size - 2);
      co_return text + std::to_string(count) + std::to_string(static_cast<int>(end[0]) + static_cast<int>(end[1]));
    };
    CHECK(rt.run(change) == std::string("0123\0\0", 6) + "hole20");
  });
}

TEST_CASE("room that is allocated is taken, and counts as part of the file") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder / "file";
    const auto allocate = [&]() -> Task<io::FileInfo> {
      const io::File file = co_await io::File::create(path);
      const auto result = co_await file.allocate(1 << 20, 1 << 20).or_error();
      if (!result) co_return io::FileInfo{};  // not every file system has it
      const io::FileInfo info = co_await file.info();
      co_return info;
    };
    const io::FileInfo info = rt.run(allocate);
    if (info.kind == io::FileKind::Unknown) {
      WARN("this file system allocates nothing");
    } else {
      CHECK(info.size == 2 << 20);
      CHECK(info.allocated >= 1 << 20);
    }
  });
}

TEST_CASE("several buffers are filled in turn, and written in turn") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  with_each_backend([&](Runtime& rt) {
    const auto transfer = [&]() -> Task<std::string> {
      const io::File file = co_await io::File::open(path, kReadWrite);
      std::string one = "abc";
      std::string two = "defgh";
      const std::array<iovec, 2> from{{{one.data(), one.size()}, {two.data(), two.size()}}};
      const std::size_t written = co_await file.write_at(from, 2);
      std::string three(4, '-');
      std::string four(9, '-');
      const std::array<iovec, 2> to{{{three.data(), three.size()}, {four.data(), four.size()}}};
      const std::size_t read = co_await file.read_at(to, 1);
      co_return std::to_string(written) + std::to_string(read) + three + four;
    };
    CHECK(rt.run(transfer) == "89" + std::string("\0", 1) + "abc" + "defgh----");
    // More parts than one system call takes: the first of them.
    const auto many = [&]() -> Task<std::size_t> {
      const io::File file = co_await io::File::open(path, kReadWrite);
      std::string byte = "x";
      const std::vector<iovec> from(3000, iovec{byte.data(), 1});
      const std::size_t written = co_await file.write_at(from, 0);
      co_return written;
    };
    CHECK(rt.run(many) == 1024);
    std::filesystem::remove(path);
  });
}

TEST_CASE("ten thousand reads at random places, many at once, give what is there") {
  const TemporaryFolder folder;
  const std::string reference = random_text(1 << 20);
  const std::string path = folder.write("file", reference);
  with_each_backend([&](Runtime& rt) {
    const auto read_some = [&](const io::File& file, std::uint64_t stream) -> Task<int> {
      SeededRandom random(stream);
      std::vector<std::byte> to(5000);
      int right = 0;
      for (int i = 0; i < 1250; ++i) {
        const std::size_t offset = random.below(reference.size() + 100);
        const std::size_t most = random.below(to.size());
        const std::size_t expected = std::min(most, reference.size() - std::min(reference.size(), offset));
        const std::size_t count = co_await file.read_all_at(std::span(to).first(most), offset);
        const bool is_same = expected == 0 || text_of(std::span(to).first(count)) == reference.substr(offset, expected);
        right += count == expected && is_same ? 1 : 0;
      }
      co_return right;
    };
    const auto read_all = [&]() -> Task<int> {
      const io::File file = co_await io::File::open(path);
      std::vector<Task<int>> readers;
      for (std::uint64_t stream = 10; stream < 18; ++stream) readers.push_back(read_some(file, stream));
      const std::vector<int> rights = co_await weft::when_all(std::move(readers));
      int sum = 0;
      for (const int right : rights) sum += right;
      co_return sum;
    };
    CHECK(rt.run(read_all) == 10'000);
  });
}

TEST_CASE("direct I/O reads and writes whole blocks of aligned memory") {
  const TemporaryFolder folder;
  with_each_backend([&](Runtime& rt) {
    const std::string path = folder / "file";
    const auto transfer = [&]() -> Task<std::string> {
      const io::OpenOptions options{.access = io::Access::ReadWrite, .create = true, .direct = true};
      auto opened = co_await io::File::open(path, options).or_error();
      if (!opened) co_return opened.error().message();
      const io::File file = opened.take();
      const io::FileInfo info = co_await file.info();
      io::AlignedBuffer from(2 * io::AlignedBuffer::kAlignment, info.direct_alignment());
      std::fill(from.bytes().begin(), from.bytes().end(), std::byte{'d'});
      co_await file.write_all_at(from.bytes(), from.size());
      io::AlignedBuffer to(from.size(), info.direct_alignment());
      const std::size_t count = co_await file.read_all_at(to.bytes(), from.size());
      co_return count == to.size() && std::equal(to.bytes().begin(), to.bytes().end(), from.bytes().begin()) ? "same" : "other";
    };
    const std::string result = rt.run(transfer);
    if (result == "Invalid argument") {
      WARN("this file system has no direct I/O");
    } else {
      CHECK(result == "same");
    }
  });
}

TEST_CASE("a file is closed once: by close, which says what went wrong, or by the destructor, and after a stop too") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "text");
  with_each_backend([&](Runtime& rt) {
    int descriptor = -1;
    // The number may be that of a ring by now.
    const auto is_closed = [&] {
      std::error_code error;
      return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error) != path;
    };
    rt.run([&]() -> Task<> {
      io::File file = co_await io::File::open(path);
      descriptor = file.descriptor();
      co_await file.close();
    });
    CHECK(is_closed());
    rt.run([&]() -> Task<> {
      const io::File file = co_await io::File::open(path);
      descriptor = file.descriptor();
    });
    CHECK(is_closed());
    bool was_open_after_move = false;
    rt.run([&]() -> Task<> {
      io::File file = co_await io::File::open(path);
      io::File other = std::move(file);
      was_open_after_move = other.is_open() && !file.is_open();  // NOLINT: what a moved file is like is the question
      descriptor = other.descriptor();
      other = io::File();
    });
    CHECK(is_closed());
    CHECK(was_open_after_move);
    // In a task that was asked to stop.
    const auto close_late = [&](weft::TaskGroup& group) -> Task<> {
      io::File file = co_await io::File::open(path);
      descriptor = file.descriptor();
      group.request_stop();
      co_await file.close();
    };
    rt.run([&]() -> Task<> {
      co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
        group.spawn(close_late(group));
        co_return;
      });
    });
    CHECK(is_closed());
    const auto error = error_in(rt, [&]() -> Task<> {
      io::File file(-1, "nothing");
      co_await file.close();
    });
    REQUIRE(error);
    CHECK(std::string(error->what()) == "weft: close of 'nothing': Bad file descriptor");
  });
}

TEST_CASE("an operation in a task that was asked to stop does nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "text");
  with_each_backend([&](Runtime& rt) {
    bool is_cancelled = false;
    const auto write_late = [&](weft::TaskGroup& group) -> Task<> {
      const io::File file = co_await io::File::open(path, kReadWrite);
      group.request_stop();
      try {
        co_await file.write_all_at(bytes_of("other"), 0);
      } catch (const weft::OperationCancelled&) {
        is_cancelled = true;
      }
    };
    rt.run([&]() -> Task<> {
      co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
        group.spawn(write_late(group));
        co_return;
      });
    });
    CHECK(is_cancelled);
    CHECK(rt.run(io::read_file(path)) == "text");
  });
}

TEST_CASE("a write that is cut short by an error leaves the file's own position behind what was written") {
  with_each_backend([](Runtime& rt) {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    const std::string text = random_text(3000);
    const auto write_past_the_limit = [&]() -> Task<std::string> {
      io::File file = co_await io::File::create(path);
      co_await file.write(bytes_of(std::string_view(text).substr(0, 100)));
      std::string said;
      {
        const LongestFile limit(1000);
        try {
          co_await file.write_all(bytes_of(std::string_view(text).substr(100)));
        } catch (const std::system_error& error) {
          said = error.what();
        }
      }
      // Somebody has made room.
      co_await file.write_all(bytes_of(std::string_view(text).substr(1000)));
      co_return said;
    };
    CHECK(rt.run(write_past_the_limit) == "weft: write of '" + path + "': File too large");
    CHECK((rt.run(io::read_file(path)) == text));
  });
}
