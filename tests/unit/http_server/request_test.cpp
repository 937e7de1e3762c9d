#include <catch2/catch.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "request.hpp"
#include "support/seeded_random.hpp"

using namespace http_server;

namespace {

int status_of(std::string_view text) {
  try {
    static_cast<void>(parse_head(text));
    return 200;
  } catch (const RequestError& error) {
    return error.status();
  }
}

/// A request for "/" with further headers.
std::string with(const std::string& headers) { return "GET / HTTP/1.1\r\nHost: here\r\n" + headers + "\r\n"; }

int path_status(std::string_view path) {
  try {
    static_cast<void>(parse_path(path));
    return 200;
  } catch (const RequestError& error) {
    return error.status();
  }
}

}  // namespace

TEST_CASE("a request is its method, path, query and headers") {
  const RequestHead head = parse_head("GET /a%20b/c?x=1%202 HTTP/1.1\r\nHost: here:80\r\nX-Empty:\r\nX-Blanks: \t a b \t\r\n\r\n");
  CHECK(head.method == "GET");
  CHECK(head.path == "/a b/c");
  CHECK(head.query == "x=1%202");
  CHECK(head.header("host") == "here:80");
  CHECK(head.header("x-empty") == "");
  CHECK(head.header("x-blanks") == "a b");
  CHECK_FALSE(head.header("x-none").has_value());
  CHECK(head.body == BodyKind::None);
  CHECK(head.is_kept_alive);
}

TEST_CASE("a target may name the machine, and an empty line before a request is nothing") {
  CHECK(parse_head("GET http://here/a?b HTTP/1.1\r\nHost: here\r\n\r\n").path == "/a");
  CHECK(parse_head("GET http://here HTTP/1.1\r\nHost: here\r\n\r\n").path == "/");
  CHECK(status_of("GET http://here?/a HTTP/1.1\r\nHost: here\r\n\r\n") == 400);
  CHECK(status_of("GET http://here#/a HTTP/1.1\r\nHost: here\r\n\r\n") == 400);
  CHECK(parse_head("\r\nGET /a HTTP/1.1\r\nHost: here\r\n\r\n").path == "/a");
}

TEST_CASE("a client waits for word to go on with its body only where there is such a word") {
  CHECK(parse_head(with("Expect: 100-Continue\r\nContent-Length: 5\r\n")).wants_continue);
  CHECK_FALSE(parse_head("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").wants_continue);
}

TEST_CASE("a connection stays open as its version and its headers say") {
  CHECK(parse_head(with("")).is_kept_alive);
  CHECK_FALSE(parse_head(with("Connection: close\r\n")).is_kept_alive);
  CHECK_FALSE(parse_head(with("Connection: Upgrade, Close\r\n")).is_kept_alive);
  CHECK_FALSE(parse_head("GET / HTTP/1.0\r\n\r\n").is_kept_alive);
  CHECK(parse_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").is_kept_alive);
}

TEST_CASE("the length of a body is said once, in one way") {
  CHECK(parse_head(with("Content-Length: 5\r\n")).body_size == 5);
  CHECK(parse_head(with("Content-Length: 5\r\n")).body == BodyKind::Sized);
  CHECK(parse_head(with("Content-Length: 0\r\n")).body == BodyKind::None);
  CHECK(parse_head(with("Content-Length: 5\r\nContent-Length: 5\r\n")).body_size == 5);
  CHECK(parse_head(with("Transfer-Encoding: Chunked\r\n")).body == BodyKind::Chunked);
  CHECK(status_of(with("Content-Length: 5\r\nContent-Length: 6\r\n")) == 400);
  CHECK(status_of(with("Content-Length: 5, 5\r\n")) == 400);
  for (const char* size : {"", "+5", "-5", "5 5", "0x5", "five"}) CHECK(status_of(with(std::string("Content-Length: ") + size + "\r\n")) == 400);
  CHECK(status_of(with("Content-Length: 99999999999999999999\r\n")) == 413);
  CHECK(status_of(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(status_of(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")) == 400);
  CHECK(status_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 501);
  CHECK(status_of(with("Transfer-Encoding: gzip, chunked\r\n")) == 501);
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("what two readers could understand in two ways is refused") {
  for (const char* text : {"", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                           "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n",
                           "GET / HTTP/1.12\r\nHost: a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
                           "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
                           "GET /a\tHTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    CAPTURE(text);
    CHECK(status_of(text) == 400);
  }
  for (const char* line : {"Name : value", ": value", "Name", " folded", "Na me: value", "Name: a\nb", "Name: a\rb", "Name: a\x01"}) {
    CAPTURE(line);
    CHECK(status_of(with(std::string(line) + "\r\n")) == 400);
  }
  CHECK(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X: y\r\n";
  CHECK(status_of(with(many)) == 431);
}

TEST_CASE("a path stays below its root, however it is written") {
  CHECK(parse_path("/") == "/");
  CHECK(parse_path("/a.b/..c/d..") == "/a.b/..c/d..");
  CHECK(parse_path("/%41%7e") == "/A~");
  for (const char* path : {"", "a", "/..", "/../", "/a/../b", "/a/..", "/%2e%2e/", "/%2E./", "/.%2e", "/a%2f..%2fb", "/./a", "/a/.", "/%00", "/a%0ab",
                           "/%", "/%4", "/%4g", "/%g4"}) {
    CAPTURE(path);
    CHECK(path_status(path) == 400);
  }
}

TEST_CASE("a chunk says its size in hexadecimal digits") {
  CHECK(parse_chunk_line("0") == 0);
  CHECK(parse_chunk_line("1aF") == 0x1af);
  CHECK(parse_chunk_line("10;name=value") == 16);
  CHECK(parse_chunk_line("10 \t;name=value") == 16);
  for (const char* line : {"", "g", "-1", "+1", "0x1", "1 2", ";a", "2;\nxx", " 2", "\t2"}) {
    CAPTURE(line);
    CHECK_THROWS_AS(parse_chunk_line(line), RequestError);
  }
  CHECK_THROWS_AS(parse_chunk_line("10000000000000000"), RequestError);
}

TEST_CASE("requests with errors at random places are requests or errors") {
  const std::string good = "POST /a%20b?c HTTP/1.1\r\nHost: here\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n";
  weft_test::SeededRandom random;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::size_t at = random.below(text.size());
      if (random.one_in(3)) {
        text.erase(at, 1 + random.below(4));
      } else {
        text[at] = static_cast<char>(random.below(256));
      }
      if (text.empty()) text.assign(1, 'x');
    }
    const int status = status_of(text);
    CHECK(status >= 200);
  }
}
