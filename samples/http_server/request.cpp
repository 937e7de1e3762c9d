#include "request.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace http_server {
namespace {

constexpr std::size_t kMostHeaders = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What names of methods and headers are made of ("token").
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto is_allowed = [&](char c) { return is_digit(c) || is_letter(c) || kOthers.find(c) != kOthers.npos; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_allowed);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; });
}

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed_behind(std::string_view text) { return text.substr(0, text.find_last_not_of(kBlanks) + 1); }
std::string_view trimmed(std::string_view text) {
  const std::string_view rest = trimmed_behind(text);
  return rest.substr(std::min(rest.find_first_not_of(kBlanks), rest.size()));
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

/// Takes the first line off `text`, without its end. Pre: there is one.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  if (end == text.npos) throw RequestError(400, "a line of the head does not end");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kLineEnd.size());
  return line;
}

template <class Number>
Number parse_number(std::string_view text, int base, const char* what) {
  Number number{};
  // from_chars takes no sign for an unsigned number, and no blanks.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error == std::errc::result_out_of_range) throw RequestError(413, std::string(what) + " is too large");
  if (error != std::errc() || end != text.data() + text.size()) throw RequestError(400, std::string(what) + " is no number");
  return number;
}

void parse_target(std::string_view target, RequestHead& head) {
  // A client that takes this for a proxy names the machine as well.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (lowered(target.substr(0, scheme.size())) != scheme) continue;
    const std::size_t path = target.find_first_of("/?#", scheme.size());
    // With a '/' behind the '?' others see another path.
    if (path != target.npos && target[path] != '/') throw RequestError(400, "the target has no path");
    target = path == target.npos ? "/" : target.substr(path);
  }
  const std::size_t question = target.find('?');
  if (question != target.npos) head.query = target.substr(question + 1);
  head.path = parse_path(target.substr(0, question));
}

void parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) throw RequestError(400, "the first line is not 'METHOD /path HTTP/1.1'");
  head.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head.method)) throw RequestError(400, "the method is no word");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7])) {
    throw RequestError(400, "the first line does not end in HTTP/1.1");
  }
  if (version[5] != '1') throw RequestError(505, "this server speaks HTTP/1.1");
  head.minor_version = version[7] - '0';
  if (has_control(target) || target.find_first_of(kBlanks) != target.npos) throw RequestError(400, "the target has a blank or a control character");
  parse_target(target, head);
}

/// Calls `take` for each word of a list that is separated by commas, in lower case.
template <class Take>
void for_each_word(std::string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string word = lowered(trimmed(list.substr(0, comma)));
    if (!word.empty()) take(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// How long the body is: the place where two readers of one stream must not differ.
void find_body(RequestHead& head) {
  bool has_size = false;
  for (const auto& [name, value] : head.headers) {
    if (name == "content-length") {
      const auto size = parse_number<std::uint64_t>(value, 10, "Content-Length");
      if (has_size && size != head.body_size) throw RequestError(400, "there are two lengths of the body");
      has_size = true;
      head.body_size = size;
      head.body = size > 0 ? BodyKind::Sized : BodyKind::None;
    } else if (name == "transfer-encoding") {
      if (head.body == BodyKind::Chunked || lowered(value) != "chunked") throw RequestError(501, "of the transfer encodings only chunked is known");
      head.body = BodyKind::Chunked;
      if (head.minor_version == 0) throw RequestError(400, "HTTP/1.0 has no chunks");
    }
  }
  if (head.header("transfer-encoding") && has_size) throw RequestError(400, "there are two lengths of the body");
}

void find_connection(RequestHead& head) {
  head.is_kept_alive = head.minor_version >= 1;
  int hosts = 0;
  for (const auto& [name, value] : head.headers) {
    if (name == "host") ++hosts;
    // HTTP/1.0 has no such answer: it would be taken for the real one.
    if (name == "expect" && lowered(value) == "100-continue" && head.minor_version >= 1) head.wants_continue = true;
    if (name != "connection") continue;
    for_each_word(value, [&](const std::string& word) {
      if (word == "close") head.is_kept_alive = false;
      if (word == "keep-alive" && head.minor_version == 0) head.is_kept_alive = true;
    });
  }
  if (hosts > 1 || (hosts == 0 && head.minor_version >= 1)) throw RequestError(400, "there is not one Host");
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::string_view> RequestHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Header parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  // A name with a blank behind it, or a line that goes on with the one before: readers differ in what they make of these.
  if (colon == line.npos || !is_token(line.substr(0, colon))) throw RequestError(400, "a header is not 'Name: value'");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (has_control(value)) throw RequestError(400, "a header has a control character");
  return {lowered(line.substr(0, colon)), std::string(value)};
}

RequestHead parse_head(std::string_view text) {
  RequestHead head;
  // Some clients send an empty line more than they should after a body.
  while (text.substr(0, kLineEnd.size()) == kLineEnd && text.size() > 2 * kLineEnd.size()) text.remove_prefix(kLineEnd.size());
  parse_request_line(take_line(text), head);
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    if (head.headers.size() == kMostHeaders) throw RequestError(431, "there are more than 100 headers");
    head.headers.push_back(parse_header(line));
  }
  find_body(head);
  find_connection(head);
  return head;
}

std::uint64_t parse_chunk_line(std::string_view line) {
  // What stands behind a semicolon are extensions that nobody uses; but nothing that looks like a line's end to somebody else.
  if (has_control(line)) throw RequestError(400, "a line between chunks has a control character");
  return parse_number<std::uint64_t>(trimmed_behind(line.substr(0, line.find(';'))), 16, "the size of a chunk");
}

std::string parse_path(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) throw RequestError(400, "an escape in the path is not of the form %41");
    path += static_cast<char>(16 * high + low);
    i += 2;
  }
  if (path.empty() || path.front() != '/') throw RequestError(400, "the path does not begin with '/'");
  if (has_control(path)) throw RequestError(400, "the path has a control character");
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = std::string_view(path).substr(begin, end - begin);
    if (part == ".." || part == ".") throw RequestError(400, "the path has a part '..' or '.'");
    begin = end + 1;
  }
  return path;
}

}  // namespace http_server
