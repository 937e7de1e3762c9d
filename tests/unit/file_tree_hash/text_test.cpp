#include <catch2/catch.hpp>

#include "checksum_line.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "sha256.hpp"
#include "support/parsed_words.hpp"

#include <span>
#include <string>
#include <string_view>

using namespace file_tree_hash;
using weft_test::parsed_words;

TEST_CASE("SHA-256 of texts whose hashes are published") {
  Sha256 sha;
  const auto hash = [&sha](std::string_view text) {
    sha.start();
    for (const char& c : text) sha.add(std::as_bytes(std::span(&c, 1)));
    return sha.finish();
  };
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a name that would break a line is escaped, and the line says so") {
  CHECK(checksum_line("00", "a b") == "00  a b\n");
  CHECK(checksum_line("00", "a\nb") == "\\00  a\\nb\n");
  CHECK(checksum_line("00", "a\\b") == "\\00  a\\\\b\n");
  CHECK(checksum_line("00", "a\rb") == "\\00  a\\rb\n");
}

TEST_CASE("an error about a name that would break a line or command a terminal is one line that does not") {
  CHECK(error_line("a b: no") == "a b: no\n");
  CHECK(error_line("a\nb\r: no") == "a\\012b\\015: no\n");
  CHECK(error_line("\x1b[2J\x7f") == "\\033[2J\\177\n");
  CHECK(error_line("\xc3\xa4") == "\xc3\xa4\n");
}

TEST_CASE("a line of progress says how much is done of what was found") {
  CHECK(describe_progress({}, {}, 0, 0) == "0/0 files, 0 B of 0 B, 0 B/s, ETA -:--:--");
  CHECK(describe_progress({3, 1 << 20}, {10, 4 << 20}, 2, 78) == "[##......] 3/10 files, 1.0 MiB of 4.0 MiB, 512.0 KiB/s, ETA 0:00:06");
  CHECK(describe_progress({10, 5 << 20}, {10, 4 << 20}, 2, 72) == "[##] 10/10 files, 5.0 MiB of 4.0 MiB, 2.5 MiB/s, ETA 0:00:00");
}

TEST_CASE("a line of progress does not wrap, however narrow the terminal is and however long the words are") {
  const Amount done{1'234'567, (1ULL << 40) - 1};
  const Amount all{7'654'321, (1ULL << 50) - 1};
  for (int columns = 1; columns <= 120; ++columns) {
    CAPTURE(columns);
    CHECK(describe_progress(done, all, 1, columns).size() < static_cast<std::size_t>(columns));
  }
  CHECK(describe_progress({}, {}, 0, 10) == "0/0 files");
}

TEST_CASE("options are read into their places, and without paths it is the folder here") {
  const Options none = parsed_words(parse_options, {});
  CHECK(none.paths == std::vector<std::string>{"."});
  CHECK(none.workers == 0);
  CHECK(none.backend == weft::IoBackend::Auto);
  CHECK_FALSE(none.shows_progress);
  const Options all = parsed_words(parse_options, {"--workers", "3", "--io-backend", "epoll", "--progress", "a", "b"});
  CHECK(all.paths == std::vector<std::string>{"a", "b"});
  CHECK(all.workers == 3);
  CHECK(all.backend == weft::IoBackend::Epoll);
  CHECK(all.shows_progress);
}
