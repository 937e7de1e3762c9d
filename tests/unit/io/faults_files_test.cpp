// Files when transfers are short or interrupted, submissions are refused, and completions are late or do not fit.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "support/temporary_folder.hpp"
#include "unit/io/file_support.hpp"
#include "unit/io/passing_faults.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace io = weft::io;
using weft::Task;
using weft_test::SeededRandom;
using weft_test::TemporaryFolder;
using weft_test::with_passing_faults;

namespace {

constexpr io::OpenOptions kAnew{.access = io::Access::ReadWrite, .create = true, .truncate = true};

/// Does the parts in turn, what is left of them after each short transfer: `transfer(parts, offset)`. False: an error, or nothing was done.
template <class Transfer>
Task<bool> do_all_parts(std::vector<iovec> parts, Transfer transfer) {
  std::uint64_t done = 0;
  // Of what is cut down to an empty one nothing is done, and nobody could tell that from the end of the file.
  while (!parts.empty() && parts.front().iov_len == 0) parts.erase(parts.begin());
  while (!parts.empty()) {
    const auto count = co_await transfer(std::span<const iovec>(parts), done).or_error();
    if (!count && count.error() == std::errc::interrupted) continue;
    if (!count || *count == 0) co_return false;
    done += *count;
    std::size_t left = *count;
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      parts.erase(parts.begin());
    }
    if (left > 0) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
      parts.front().iov_len -= left;
    }
  }
  co_return true;
}

/// Pieces of random sizes, some of them empty.
std::vector<iovec> cut_into_parts(std::string& text, SeededRandom& random) {
  std::vector<iovec> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::min<std::size_t>(random.below(900), text.size() - at);
    parts.push_back({text.data() + at, size});
    at += size;
  }
  return parts;
}

}  // namespace

TEST_CASE("beside faults that pass a file is written whole and read whole, at its own position and at others") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  with_passing_faults([&]() -> Task<bool> {
    for (int i = 0; i < 40; ++i) {
      const std::string text = random_text(static_cast<std::size_t>(1000 + 500 * i));
      const io::File file = co_await io::File::open(path, kAnew);
      co_await file.write_all(text);
      const std::string whole = co_await file.read_all();
      if (whole != text) co_return false;
      co_await file.write_all_at(text, 777);
      std::string part(text.size() + 1, '\0');
      const std::size_t size = co_await file.read_all_at(std::as_writable_bytes(std::span(part)), 777);
      if (part.substr(0, size) != text) co_return false;
    }
    co_return true;
  });
}

TEST_CASE("beside faults that pass memory that the kernel keeps ready is written whole and read whole") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  with_passing_faults([&]() -> Task<bool> {
    const io::File file = co_await io::File::open(path, kAnew);
    for (int i = 0; i < 50; ++i) {
      const std::string text = random_text(static_cast<std::size_t>(4 * kBlock + i));
      io::RegisteredBuffer out(text.size());
      std::memcpy(out.bytes().data(), text.data(), text.size());
      co_await file.write_all_at(out.part(0, text.size()), 0);
      io::RegisteredBuffer in(text.size());
      const std::size_t size = co_await file.read_all_at(in.part(0, text.size()), 0);
      if (text_of(in.bytes().first(size)) != text) co_return false;
    }
    co_return true;
  });
}

TEST_CASE("beside faults that pass a vectored transfer says how far it has come") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  with_passing_faults([&]() -> Task<bool> {
    SeededRandom random(1);
    const io::File file = co_await io::File::open(path, kAnew);
    for (int i = 0; i < 30; ++i) {
      std::string out = random_text(static_cast<std::size_t>(5000 + i));
      std::string in(out.size(), '\0');
      const bool is_written = co_await do_all_parts(cut_into_parts(out, random), [&](std::span<const iovec> rest, std::uint64_t at) {
        return file.write_at(rest, at);
      });
      const bool is_read = co_await do_all_parts(cut_into_parts(in, random), [&](std::span<const iovec> rest, std::uint64_t at) {
        return file.read_at(rest, at);
      });
      if (!is_written || !is_read || in != out) co_return false;
    }
    co_return true;
  });
}

TEST_CASE("beside faults that pass what a writer was given behind its back a reader gives ahead, byte for byte") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string text = random_text(75 * kBlock + 7);
  with_passing_faults([&]() -> Task<bool> {
    const auto write = [&](io::FileWriter& writer) -> Task<> {
      SeededRandom random(2);
      for (std::string_view rest = text; !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(1 + random.below(3 * kBlock), rest.size());
        co_await writer.write(rest.substr(0, size));
        rest.remove_prefix(size);
        if (random.one_in(20)) co_await writer.flush();
      }
    };
    const auto read = [&](io::FileReader& reader) -> Task<std::string> {
      std::string all;
      for (;;) {
        const std::span<const std::byte> block = co_await reader.next();
        if (block.empty()) break;
        all += text_of(block);
      }
      co_return all;
    };
    for (const unsigned depth : {1U, 4U}) {
      co_await io::with_file_writer(path, io::WriterOptions{.block_size = kBlock, .depth = depth}, write);
      const std::string got = co_await io::with_file_reader(path, io::ReaderOptions{.block_size = kBlock, .depth = depth}, read);
      if (got != text) co_return false;
    }
    co_return true;
  });
}
