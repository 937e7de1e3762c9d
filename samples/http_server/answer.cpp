#include "answer.hpp"

#include <array>
#include <cstdint>
#include <ctime>
#include <utility>

#include <weft/coro/blocking.hpp>

namespace http_server {
namespace {

const char* words_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

Answer not_allowed(std::string methods) {
  Answer answer = error_answer(405, "this is for " + methods);
  answer.allow = std::move(methods);
  return answer;
}

bool is_read(const RequestHead& head) { return head.method == "GET" || head.method == "HEAD"; }

}  // namespace

Answer error_answer(int status, std::string_view why) {
  Answer answer;
  answer.status = status;
  answer.body = std::string(words_of(status)) + ": " + std::string(why) + "\n";
  return answer;
}

std::string head_of(const Answer& answer, bool is_last) {
  const std::uint64_t size = answer.file ? answer.file->size : answer.body.size();
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " " + words_of(answer.status) + "\r\n";
  head += "Date: " + date_now() + "\r\n";
  head += "Content-Type: " + (answer.file ? answer.file->type : answer.type) + "\r\n";
  head += "Content-Length: " + std::to_string(size) + "\r\n";
  // What is uploaded into the folder is not to be taken for a page that may run scripts.
  head += "X-Content-Type-Options: nosniff\r\n";
  if (!answer.allow.empty()) head += "Allow: " + answer.allow + "\r\n";
  head += is_last ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
  return head += "\r\n";
}

std::string count_as_json(std::string_view text) {
  std::uint64_t lines = 0;
  std::uint64_t words = 0;
  bool is_in_word = false;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (c == '\n') ++lines;
    if (!is_blank && !is_in_word) ++words;
    is_in_word = !is_blank;
  }
  return "{\"bytes\":" + std::to_string(text.size()) + ",\"lines\":" + std::to_string(lines) + ",\"words\":" + std::to_string(words) + "}\n";
}

weft::Task<Answer> answer_to(const RequestHead& head, const std::string& body, const StaticFiles& files, const Metrics& metrics) {
  Answer answer;
  if (head.path == "/metrics") {
    if (!is_read(head)) co_return not_allowed("GET, HEAD");
    answer.type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = metrics.text();
    co_return answer;
  }
  if (head.path == "/api/count") {
    if (head.method != "POST") co_return not_allowed("POST");
    answer.type = "application/json";
    answer.body = count_as_json(body);
    co_return answer;
  }
  if (!is_read(head)) co_return not_allowed("GET, HEAD");
  auto open = [&] { return files.open(head.path); };
  answer.file = co_await weft::blocking(open);
  if (!answer.file) co_return error_answer(404, "there is no such file");
  if (answer.file->content) {
    answer.type = answer.file->type;
    answer.body = std::move(*answer.file->content);
    answer.file.reset();
  }
  co_return answer;
}

}  // namespace http_server
