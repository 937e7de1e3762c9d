#include "connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <system_error>
#include <utility>

#include <weft/base/error.hpp>
#include <weft/time/timeout.hpp>

namespace http_server {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

constexpr std::size_t kLongestChunkLine = 256;
constexpr int kSentInTime = 256 << 10;  // bytes of a file, in the time that an answer may take
constexpr std::size_t kLargestDropped = 1 << 20;

/// Reads what the client still sends, up to a limit, for nobody.
weft::Task<> drop_rest(weft::io::TcpStream& stream) {
  std::array<std::byte, 4096> rest;  // NOLINT: written before it is read, and not read
  for (std::size_t left = kLargestDropped; left > 0;) {
    const auto size = co_await stream.read(rest).or_error();
    if (!size || *size == 0 || *size > left) co_return;
    left -= *size;
  }
}

}  // namespace

weft::Task<> say_goodbye(weft::io::TcpStream& stream) {
  stream.shutdown_write();
  static_cast<void>(co_await weft::completed_within(drop_rest(stream), std::chrono::seconds(1)));
}

Connection::Connection(weft::io::TcpStream stream, const Site& site) : stream_(std::move(stream)), reader_(stream_), site_(site) {
  // Answers are written whole, so nothing is gained by waiting for more.
  stream_.set_no_delay(true);
  // Otherwise the system takes megabytes at once, and says nothing for long while a slow client receives them.
  stream_.set_option(IPPROTO_TCP, TCP_NOTSENT_LOWAT, kSentInTime);
}

weft::Task<> Connection::serve() {
  try {
    bool goes_on = true;
    while (goes_on) {
      const bool has_request = co_await wait_for_request();
      if (!has_request) co_return;
      goes_on = co_await answer_one();
    }
    co_await say_goodbye(stream_);
  } catch (const std::system_error&) {
    // The client has gone, in the middle of something; there is nobody to tell.
  } catch (const weft::TimeoutError&) {
    site_.metrics.timed_out();
  }
}

weft::Task<bool> Connection::wait_for_request() {
  if (!reader_.buffered().empty()) co_return true;
  site_.connections.begin_idle(stream_);
  std::optional<bool> has_more;
  std::exception_ptr error;
  try {
    has_more = co_await weft::completed_within(reader_.has_more(), site_.limits.idle);
  } catch (...) {
    error = std::current_exception();
  }
  site_.connections.end_idle(stream_);
  if (error) std::rethrow_exception(error);
  co_return has_more.value_or(false);
}

weft::Task<bool> Connection::answer_one() {
  std::optional<Request> request;
  std::optional<Answer> answer;
  try {
    request = co_await weft::completed_within(read_request(), site_.limits.request);
    if (!request) {
      site_.metrics.timed_out();
      answer = error_answer(408, "the request did not arrive in time");
    }
  } catch (const RequestError& error) {
    answer = error_answer(error.status(), error.what());
  }
  bool is_last = !request;
  if (request) {
    try {
      answer = co_await answer_to(request->head, request->body, site_.files, site_.metrics);
    } catch (const std::system_error& error) {
      answer = error_answer(503, error.code().message());
    }
    is_last = !request->head.is_kept_alive || site_.connections.is_draining();
  }
  co_await send(*answer, request && request->head.method == "HEAD", is_last);
  co_return !is_last;
}

weft::Task<Connection::Request> Connection::read_request() {
  Request request;
  std::optional<std::string_view> text;
  bool is_too_long = false;
  try {
    text = co_await reader_.read_until("\r\n\r\n", site_.limits.head);
  } catch (const weft::LimitError&) {
    is_too_long = true;
  }
  if (is_too_long) throw RequestError(431, "the head is longer than " + std::to_string(site_.limits.head) + " bytes");
  if (!text) throw RequestError(400, "there is no request");
  request.head = parse_head(*text);
  if (request.head.body_size > site_.limits.body) throw RequestError(413, "the body is longer than " + std::to_string(site_.limits.body) + " bytes");
  request.body = co_await read_body(request.head);
  co_return request;
}

weft::Task<std::string> Connection::read_body(const RequestHead& head) {
  if (head.body == BodyKind::None) co_return std::string();
  if (head.wants_continue && reader_.buffered().empty()) co_await stream_.write_all(bytes_of("HTTP/1.1 100 Continue\r\n\r\n"));
  if (head.body == BodyKind::Chunked) co_return co_await read_chunks();
  std::string body;
  co_await append_to(body, head.body_size);
  co_return body;
}

/// Takes so much of the body. Memory is taken for what has come, whatever was announced.
weft::Task<> Connection::append_to(std::string& body, std::uint64_t size) {
  while (size > 0) {
    const bool has_more = co_await reader_.has_more();
    if (!has_more) throw RequestError(400, "the body is shorter than it says");
    const std::size_t before = body.size();
    const std::size_t count = std::min<std::uint64_t>(size, reader_.buffered().size());
    body.resize(before + count);
    co_await reader_.read_exactly(std::as_writable_bytes(std::span(body).subspan(before)));
    size -= count;
  }
}

/// A line between chunks, or behind them. It ends in both characters: with one alone a proxy might see another line there.
weft::Task<std::string_view> Connection::read_body_line(std::size_t most) {
  const auto line = co_await reader_.read_until(kLineEnd, most);
  if (!line) throw RequestError(400, "the body ends before its last chunk");
  co_return line->substr(0, line->size() - kLineEnd.size());
}

weft::Task<std::string> Connection::read_chunks() {
  std::string body;
  bool is_too_long = false;
  try {
    for (;;) {
      const std::uint64_t size = parse_chunk_line(co_await read_body_line(kLongestChunkLine));
      if (size == 0) break;
      if (size > site_.limits.body - body.size()) {
        throw RequestError(413, "the body is longer than " + std::to_string(site_.limits.body) + " bytes");
      }
      co_await append_to(body, size);
      std::array<std::byte, 2> end{};
      co_await reader_.read_exactly(end);
      if (end != std::array{std::byte{'\r'}, std::byte{'\n'}}) throw RequestError(400, "a chunk is longer than it says");
    }
    // Headers behind the body are for nobody here, but nothing else may stand there.
    for (std::size_t left = site_.limits.head;;) {
      const std::string_view line = co_await read_body_line(left);
      if (line.empty()) break;
      static_cast<void>(parse_header(line));
      left -= line.size();
    }
  } catch (const weft::LimitError&) {
    is_too_long = true;
  }
  if (is_too_long) throw RequestError(431, "a line between chunks, or the headers behind them, are too long");
  co_return body;
}

weft::Task<> Connection::send(const Answer& answer, bool is_head_only, bool is_last) {
  const std::string head = head_of(answer, is_last);
  std::uint64_t size = head.size();
  const bool has_file = answer.file && !is_head_only;
  const std::array parts{bytes_of(head), bytes_of(is_head_only || has_file ? std::string_view() : std::string_view(answer.body))};
  co_await weft::timeout(stream_.write_all(parts), site_.limits.answer);
  size += parts[1].size();
  if (has_file) {
    co_await send_file(*answer.file);
    size += answer.file->size;
  }
  site_.metrics.answered(answer.status, size);
}

/// In parts that have their time each: a client that goes on receiving is given a file however large.
weft::Task<> Connection::send_file(const OpenFile& file) {
  for (std::uint64_t done = 0; done < file.size;) {
    const std::uint64_t part = std::min<std::uint64_t>(file.size - done, kSentInTime);
    const std::uint64_t sent = co_await weft::timeout(stream_.send_file(file.file.number(), done, part), site_.limits.answer);
    // The length was promised: a file that has become shorter leaves nothing but to break off.
    if (sent != part) throw std::system_error(std::make_error_code(std::errc::io_error), "the file has become shorter");
    done += part;
  }
}

}  // namespace http_server
