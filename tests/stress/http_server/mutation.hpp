/// @file
/// Requests, and what broken programs and attackers make of them.
#pragma once

#include "support/seeded_random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace http_server_test {

/// What lies beside the folder that is served, and is in no answer.
inline constexpr std::string_view kSecret = "nobody is to read this";

/// Requests that are answered, and some that are refused.
inline const std::vector<std::string>& good_requests() {
  static const std::vector<std::string> all{
      "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /a%20b.txt?x=1%202&y HTTP/1.1\r\nHost: here:80\r\nAccept: */*\r\nX-Blanks: \t a b \t\r\nX-Empty:\r\n\r\n",
      "HEAD /index.html HTTP/1.1\r\nHost: here\r\nConnection: keep-alive\r\n\r\n",
      "GET http://here/index.html HTTP/1.1\r\nhost: here\r\nConnection: Upgrade, Close\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST /api/count HTTP/1.1\r\nHost: here\r\nContent-Length: 12\r\n\r\nhello world\n",
      "POST /api/count HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
      "POST /api/count HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\none",
      "GET /../secret.txt HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /%2e%2e/secret.txt HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /folder/..%2F..%2fsecret.txt HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /link HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET //secret.txt HTTP/1.1\r\nHost: here\r\n\r\n",
  };
  return all;
}

/// Changes a text a little, at random; the same stream of random numbers gives the same text.
class Mutation {
 public:
  explicit Mutation(weft_test::SeededRandom& random) : random_(random) {}

  [[nodiscard]] std::string operator()(std::string text) {
    constexpr std::uint64_t kMostSteps = 4;
    constexpr std::size_t kLongest = 4096;
    for (std::uint64_t step = 1 + random_.below(kMostSteps); step > 0; --step) {
      if (text.empty()) text.push_back('G');
      change(text);
      if (text.size() > kLongest) text.resize(kLongest);
    }
    return text;
  }

 private:
  void change(std::string& text) {
    switch (random_.below(8)) {
      case 0: text[place(text)] = static_cast<char>(random_.below(256)); return;
      case 1: text[place(text)] ^= static_cast<char>(1U << random_.below(8)); return;
      case 2: text.resize(random_.below(text.size() + 1)); return;
      case 3: text.erase(place(text), 1 + random_.below(random_.one_in(4) ? 40 : 3)); return;
      case 4: text.insert(random_.below(text.size() + 1), text.substr(place(text), 1 + random_.below(30))); return;
      case 5: {
        // The beginning of one, and the end of another.
        const std::string& other = good_requests()[random_.below(good_requests().size())];
        text = text.substr(0, place(text)) + other.substr(random_.below(other.size()));
        return;
      }
      default: insert_word(text);
    }
  }

  std::size_t place(const std::string& text) { return random_.below(text.size()); }

  /// In some place, or over what is there.
  void insert_word(std::string& text) {
    using namespace std::string_view_literals;
    static constexpr std::array kWords{
        "\r\n"sv,        "\n"sv,      "\r"sv,       "\r\n\r\n"sv,  "\n\n"sv,    " "sv,
        "\t"sv,          "\0"sv,      ":"sv,        ","sv,         ";"sv,       "%"sv,
        "%2e%2e"sv,      "%2f"sv,     "%00"sv,      "%0d%0a"sv,    "../"sv,     "/.."sv,
        "/./"sv,         "//"sv,      "?"sv,        "#"sv,         "\\"sv,      "http://"sv,
        "https://here"sv, "HTTP/1.0"sv, "HTTP/1.1"sv, "HTTP/2.0"sv, "0"sv,       "-1"sv,
        "+5"sv,          "0x5"sv,     "ffffffffffffffff"sv, "18446744073709551615"sv, "18446744073709551616"sv, "\x7f\x80\xff"sv,
        "Content-Length: 5\r\n"sv, "Content-Length: 0\r\n"sv, "Transfer-Encoding: chunked\r\n"sv, "Transfer-Encoding: gzip\r\n"sv,
        "Host: there\r\n"sv, "Connection: close\r\n"sv, "X: y\r\n z\r\n"sv, "X : y\r\n"sv, "0\r\n\r\n"sv};
    const std::string_view word = kWords[random_.below(kWords.size())];
    const std::size_t at = random_.below(text.size() + 1);
    text.replace(at, random_.one_in(3) ? word.size() : 0, word);
  }

  weft_test::SeededRandom& random_;
};

/// Makes a text readable in a report.
inline std::string escaped(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text += c;
    } else {
      text += "\\x";
      text += kDigits[static_cast<unsigned char>(c) >> 4];
      text += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return text;
}

}  // namespace http_server_test
