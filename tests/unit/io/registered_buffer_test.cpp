#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/locked_memory.hpp"
#include "support/skip.hpp"
#include "support/subprocess.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"
#include "unit/io/old_kernel.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace io = weft::io;
using io::RegisteredBuffer;
using weft::IoBackend;
using weft::Task;
using weft_test::TemporaryFolder;
using weft_test::WaysToWake;
using weft_test::WayToWake;

namespace {

bool has_rings() {
  const auto working = working_backends();
  return std::find(working.begin(), working.end(), IoBackend::Uring) != working.end();
}

/// How many pieces of memory the rings of this process know, as the kernel says; none: it does not say.
std::optional<unsigned> known_to_rings() {
  std::optional<unsigned> count;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) != "anon_inode:[io_uring]") continue;
    std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
    bool is_in_list = false;
    for (std::string line; std::getline(info, line);) {
      if (line.rfind("UserBufs:", 0) == 0) {
        is_in_list = true;
        if (!count) count = 0;
      } else if (line.rfind("PollList:", 0) == 0 || line.rfind("Personalities:", 0) == 0) {
        is_in_list = false;
      } else if (is_in_list && line.find("0x") != std::string::npos) {
        ++*count;
      }
    }
  }
  return count;
}

/// Has the driver of whoever runs this look for what it is to do.
Task<> look_into_driver(const io::File& file) { co_await file.size(); }

}  // namespace

TEST_CASE("a buffer whose size cannot be rounded up is none, and not a small one") {
  for (const std::size_t too_much : {~std::size_t{0}, ~std::size_t{0} - io::AlignedBuffer::kAlignment + 2}) {
    CHECK_THROWS_AS(io::AlignedBuffer(too_much), std::bad_alloc);
    CHECK_THROWS_AS(RegisteredBuffer(too_much), std::bad_alloc);
  }
  CHECK(io::AlignedBuffer(1).size() == io::AlignedBuffer::kAlignment);
  CHECK(io::AlignedBuffer(io::AlignedBuffer::kAlignment).size() == io::AlignedBuffer::kAlignment);
}

TEST_CASE("what is written from a registered buffer and read into one is what it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string text = random_text(3 * kBlock);
  with_each_backend([&](weft::Runtime& rt) {
    const auto write_and_read = [&]() -> Task<std::string> {
      RegisteredBuffer buffer(4 * kBlock);
      std::copy_n(bytes_of(text).begin(), text.size(), buffer.bytes().begin() + kBlock);
      const io::File file = co_await io::File::open(path, {.access = io::Access::ReadWrite, .create = true, .truncate = true});
      co_await file.write_all_at(buffer.part(kBlock, text.size()), 0);
      std::fill(buffer.bytes().begin(), buffer.bytes().end(), std::byte{0});
      const std::size_t first = co_await file.read_at(buffer.part(100, kBlock), kBlock);
      if (first != kBlock || text_of(buffer.bytes().subspan(100, kBlock)) != text.substr(kBlock, kBlock)) co_return "the part is wrong";
      const std::size_t all = co_await file.read_all_at(buffer.whole(), 0);
      co_return text_of(buffer.bytes().first(all));
    };
    const std::string read = rt.run(write_and_read);
    CHECK(read == text);
  });
}

TEST_CASE("a part of a registered buffer ends where the buffer does") {
  RegisteredBuffer buffer(1);
  CHECK(buffer.size() == io::AlignedBuffer::kAlignment);
  CHECK(buffer.part(4000, 1000).size() == 96);
  CHECK(buffer.part(5000, 1).size() == 0);
  CHECK(buffer.whole().subspan(4000).size() == 96);
  RegisteredBuffer other(2 * io::AlignedBuffer::kAlignment);
  const std::byte* const data = buffer.bytes().data();
  other = std::move(buffer);
  CHECK(other.size() == io::AlignedBuffer::kAlignment);
  CHECK(other.whole().data() == data);
}

TEST_CASE("a ring knows a registered buffer from the first operation on it until the buffer has gone, wherever it was moved to") {
  if (!has_rings()) {
    WARN("there is no io_uring here");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  std::vector<std::optional<unsigned>> known;
  const auto use = [&]() -> Task<> {
    const io::File file = co_await io::File::open(path, {.access = io::Access::ReadWrite, .create = true});
    {
      RegisteredBuffer buffer(kBlock);
      co_await look_into_driver(file);
      known.push_back(known_to_rings());
      co_await file.write_at(buffer.whole(), 0);
      known.push_back(known_to_rings());
      RegisteredBuffer moved(std::move(buffer));
      co_await file.read_at(moved.whole(), 0);
      RegisteredBuffer second(kBlock);
      co_await file.read_at(second.whole(), 0);
      known.push_back(known_to_rings());
      second = RegisteredBuffer(kBlock);
      co_await look_into_driver(file);
      known.push_back(known_to_rings());
    }
    co_await look_into_driver(file);
    known.push_back(known_to_rings());
  };
  weft::sync_wait(use());
  if (!known[1].has_value()) {
    WARN("this kernel does not say what rings know");
    return;
  }
  CHECK(known[0].value_or(0) == 0);
  CHECK(known[1] == 1U);
  CHECK(known[2] == 2U);
  CHECK(known[3] == 1U);
  CHECK(known[4] == 0U);
}

TEST_CASE("a worker that sleeps lets go of a registered buffer that goes on another thread") {
  if (!has_rings()) {
    WARN("there is no io_uring here");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  for (const WayToWake backend : WaysToWake()) {
    if (backend != IoBackend::Uring) continue;
    CAPTURE(name_of(backend));
    std::optional<RegisteredBuffer> buffer(kBlock);
    const auto use = [&]() -> Task<> {
      const io::File file = co_await io::File::open(path, {.access = io::Access::ReadWrite, .create = true});
      co_await file.write_at(buffer->whole(), 0);
    };
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run(use);
    const std::optional<unsigned> before = known_to_rings();
    if (!before.has_value()) {
      WARN("this kernel does not say what rings know");
      return;
    }
    CHECK(before == 1U);
    buffer.reset();
    // It ends only if that is so.
    while (known_to_rings() != 0U) std::this_thread::yield();
  }
}

TEST_CASE("more registered buffers than a ring has room for, and one that is longer than it may be, give the same") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string text = random_text(kBlock);
  constexpr std::size_t kTooMany = 100;
  constexpr std::size_t kTooLong = (std::size_t{1} << 30) + kBlock;
  for (const IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    std::size_t right = 0;
    const auto use = [&]() -> Task<> {
      co_await io::write_file(path, text);
      const io::File file = co_await io::File::open(path);
      std::vector<RegisteredBuffer> all;
      for (std::size_t i = 0; i < kTooMany; ++i) all.emplace_back(i == 3 ? kTooLong : kBlock);
      for (RegisteredBuffer& buffer : all) {
        co_await file.read_at(buffer.part(0, kBlock), 0);
        right += text_of(buffer.bytes().first(kBlock)) == text ? 1 : 0;
      }
    };
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run(use);
    CHECK(right == kTooMany);
  }
}

TEST_CASE("registered buffers that are larger than what may be locked are ordinary ones") {
  if (WEFT_TSAN) return weft_test::skip("ThreadSanitizer lets no threads begin in the child of a process that has had some");
  if (!has_rings()) return weft_test::skip("there is no io_uring here");
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const auto child = [&] {
    constexpr std::size_t kMost = std::size_t{4} << 20;  // rings count, too, since Linux 6.14
    if (!weft_test::limit_locked_memory(kMost)) return 0;
    RegisteredBuffer out(2 * kMost);
    RegisteredBuffer in(2 * kMost);
    std::fill(out.bytes().begin(), out.bytes().end(), std::byte{7});
    std::fill(in.bytes().begin(), in.bytes().end(), std::byte{0});
    std::optional<unsigned> known;
    const auto use = [&]() -> Task<> {
      const io::File file = co_await io::File::open(path, {.access = io::Access::ReadWrite, .create = true});
      co_await file.write_all_at(out.whole(), 0);
      static_cast<void>(co_await file.read_all_at(in.whole(), 0));
      known = known_to_rings();
    };
    weft::Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring}};
    rt.run(use);
    if (!std::equal(in.bytes().begin(), in.bytes().end(), out.bytes().begin())) return 1;
    return known.value_or(0) == 0 ? 0 : 2;
  };
  CHECK(weft_test::in_child(child).status == 0);
}

TEST_CASE("a reader of a file that was opened direct has the kernel know its blocks") {
  if (!has_rings()) {
    WARN("there is no io_uring here");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  std::optional<unsigned> direct;
  std::optional<unsigned> ordinary;
  const auto read = [&]() -> Task<> {
    co_await io::write_file(path, random_text(8 * kBlock));
    const auto look = [](std::optional<unsigned>& known) {
      return [&known](io::FileReader& reader) -> Task<> {
        while (!(co_await reader.next()).empty()) known = std::max(known, known_to_rings());
      };
    };
    const io::File file = co_await io::File::open(path);
    co_await io::with_file_reader(file, {.block_size = kBlock}, look(ordinary));
    auto opened = co_await io::File::open(path, {.direct = true}).or_error();
    if (!opened) co_return;
    const io::File without_memory = opened.take();
    co_await io::with_file_reader(without_memory, {.block_size = kBlock}, look(direct));
  };
  weft::sync_wait(read());
  if (!direct.has_value()) {
    WARN("this file system has no direct I/O, or this kernel does not say what rings know");
    return;
  }
  CHECK(direct == 1U);
  CHECK(ordinary.value_or(0) == 0);
}
