#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "request.hpp"
#include "stress/http_server/mutation.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"

using namespace http_server;
using http_server_test::escaped;
using http_server_test::good_requests;
using http_server_test::Mutation;
using weft_test::SeededRandom;

namespace {

/// Memory behind which there is none: who reads further than a text that lies at its end, ends the program.
class EndOfMemory {
 public:
  EndOfMemory() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const block = ::mmap(nullptr, kSize + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::runtime_error("mmap failed");
    begin_ = static_cast<char*>(block);
    whole_ = kSize + page;
    ::mprotect(begin_ + kSize, page, PROT_NONE);
  }
  EndOfMemory(const EndOfMemory&) = delete;
  EndOfMemory& operator=(const EndOfMemory&) = delete;
  ~EndOfMemory() { ::munmap(begin_, whole_); }

  /// The text, at the end. Until the next call.
  std::string_view put(std::string_view text) {
    if (text.size() > kSize) throw std::length_error("the text does not fit");
    char* const to = begin_ + kSize - text.size();
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

 private:
  static constexpr std::size_t kSize = 1 << 16;
  char* begin_ = nullptr;
  std::size_t whole_ = 0;
};

/// Says it again, in the plainest way.
std::string written(const RequestHead& head) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = head.method + " ";
  for (const char c : head.path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-';
    if (is_plain) {
      text += c;
    } else {
      text += '%';
      text += kDigits[static_cast<unsigned char>(c) >> 4];
      text += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  if (!head.query.empty()) text.append(1, '?').append(head.query);
  text += " HTTP/1." + std::to_string(head.minor_version) + "\r\n";
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

bool are_equal(const RequestHead& a, const RequestHead& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.minor_version == b.minor_version && a.headers == b.headers &&
         a.body == b.body && a.body_size == b.body_size && a.is_kept_alive == b.is_kept_alive && a.wants_continue == b.wants_continue;
}

/// Whether a line ends in one character alone somewhere, or there is a zero: others take such a text for another one.
bool is_ambiguous(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return true;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return true;
  }
  return false;
}

/// Whether a file system would find it in the root, or below.
bool is_below_root(const std::string& path) {
  const std::string root = "/root/of/all";
  const std::string there = std::filesystem::path(root + path).lexically_normal().string();
  return there == root || there.starts_with(root + "/");
}

std::size_t count_of(const RequestHead& head, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(head.headers.begin(), head.headers.end(), [&](const auto& header) { return header.first == name; }));
}

/// What is wrong with a head that was accepted; empty: nothing.
std::string fault_of(const RequestHead& head, std::string_view text) {
  if (is_ambiguous(text)) return "it has a line that does not end as it should, or a zero";
  if (!is_below_root(head.path)) return "its path leaves the root";
  if (head.path.front() != '/' || head.path.find('\0') != std::string::npos) return "its path is none";
  if (head.minor_version >= 1 && count_of(head, "host") != 1) return "it does not have one host";
  if (count_of(head, "content-length") != 0 && count_of(head, "transfer-encoding") != 0) return "it has two lengths";
  if (count_of(head, "transfer-encoding") != 0 && head.body != BodyKind::Chunked) return "its chunks are none";
  const auto length = head.header("content-length");
  if (length && (length->find_first_not_of("0123456789") != length->npos || std::stoull(std::string(*length)) != head.body_size)) return "its length is none";
  return "";
}

/// The same for any text up to the empty line, as the server finds it. `accepted` is counted.
std::string fault_of_text(std::string_view text, long& accepted) {
  constexpr int kStatuses[] = {400, 413, 431, 501, 505};
  try {
    const RequestHead head = parse_head(text);
    ++accepted;
    if (std::string fault = fault_of(head, text); !fault.empty()) return fault;
    const std::string again = written(head);
    return are_equal(head, parse_head(again)) ? "" : "written again it is another one: " + escaped(again);
  } catch (const RequestError& error) {
    const bool is_known = std::find(std::begin(kStatuses), std::end(kStatuses), error.status()) != std::end(kStatuses);
    return is_known ? "" : "its status is " + std::to_string(error.status());
  } catch (const std::exception& error) {
    return std::string("an exception that is none of the parser's: ") + error.what();
  }
}

std::string up_to_empty_line(const std::string& text) {
  const std::size_t end = text.find("\r\n\r\n");
  return end == std::string::npos ? text : text.substr(0, end + 4);
}

/// What a reader of digits thinks of it that knows nothing of the parser's.
std::optional<std::uint64_t> size_of_chunk(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  std::string text(line.substr(0, line.find(';')));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
  for (const char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
    if (digit == std::string_view::npos || size >> 60 != 0) return std::nullopt;
    size = size * 16 + digit;
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return size;
}

}  // namespace

TEST_CASE("broken requests are refused with a status, or are requests that everybody would read in the same way") {
  using namespace std::chrono_literals;
  SeededRandom random;
  Mutation mutate(random);
  EndOfMemory memory;
  weft_test::Watchdog watchdog("a broken request", 20s);
  const weft_test::StressClock clock;
  long texts = 0;
  long accepted = 0;
  while (!clock.is_over()) {
    for (int i = 0; i < 100; ++i, ++texts) {
      const std::string text = up_to_empty_line(mutate(good_requests()[random.below(good_requests().size())]));
      if (const std::string fault = fault_of_text(memory.put(text), accepted); !fault.empty()) FAIL("text " << texts << ": " << fault << "\n" << escaped(text));
    }
    watchdog.progress();
  }
  std::fprintf(stderr, "%ld broken requests, of which %ld were accepted\n", texts, accepted);
  CHECK(accepted > 0);
  CHECK(accepted < texts);
}

TEST_CASE("broken paths are refused, or stay below their root") {
  SeededRandom random(3);
  EndOfMemory memory;
  const weft_test::StressClock clock(0.25);
  long accepted = 0;
  while (!clock.is_over()) {
    for (int i = 0; i < 100; ++i) {
      std::string text = random.one_in(4) ? "" : "/";
      constexpr std::string_view kPieces[] = {"%", "%2", "%2e", "%2E", "%2f", "%5c", "%00", "%25", "..", ".", "/", "\\", "a", "4", "\x01", "\xff", "?"};
      for (std::uint64_t size = random.below(8); size > 0; --size) text += kPieces[random.below(std::size(kPieces))];
      std::string path;
      try {
        path = parse_path(memory.put(text));
        ++accepted;
      } catch (const RequestError&) {
        continue;
      }
      if (path.front() != '/' || !is_below_root(path)) FAIL("it leaves its root: " << escaped(text));
    }
  }
  CHECK(accepted > 0);
}

TEST_CASE("broken lines between chunks are refused, or say the size that is written there") {
  SeededRandom random(1);
  EndOfMemory memory;
  const weft_test::StressClock clock(0.25);
  long accepted = 0;
  while (!clock.is_over()) {
    for (int i = 0; i < 100; ++i) {
      std::string line;
      constexpr std::string_view kUsual = "0123456789abcdefABCDEF0000ffff;= \t\r\n+-xg\x7f";
      for (std::uint64_t size = random.below(20); size > 0; --size) line += kUsual[random.below(kUsual.size())];
      std::optional<std::uint64_t> size;
      try {
        size = parse_chunk_line(memory.put(line));
        ++accepted;
      } catch (const RequestError&) {
        continue;
      }
      if (size != size_of_chunk(line)) FAIL("another size than is written: " << escaped(line));
    }
  }
  CHECK(accepted > 0);
}
