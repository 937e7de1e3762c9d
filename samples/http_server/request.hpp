/// @file
/// Requests of HTTP/1.1, from text to their parts.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http_server {

inline constexpr std::string_view kLineEnd = "\r\n";

/// A request that cannot be answered as it was meant.
class RequestError : public std::runtime_error {
 public:
  RequestError(int status, const std::string& why) : std::runtime_error(why), status_(status) {}
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

/// What follows the head of a request.
enum class BodyKind : std::uint8_t { None, Sized, Chunked };

/// Its name, in lower case, and its value.
using Header = std::pair<std::string, std::string>;

struct RequestHead {
  std::string method;
  std::string path;   ///< of the target, with escapes undone: begins with '/', and has no part ".." or "."
  std::string query;  ///< behind the '?', as it came
  int minor_version = 1;
  std::vector<Header> headers;
  BodyKind body = BodyKind::None;
  std::uint64_t body_size = 0;  ///< of a sized one
  bool is_kept_alive = true;    ///< the connection is to stay open
  bool wants_continue = false;  ///< the client waits for "100 Continue" before it sends the body

  /// Nothing: there is no such header. @param name  in lower case
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// Reads the head of a request: all up to the empty line, and that.
///
/// It takes what RFC 9112 allows a client to send, and nothing that two readers could understand in two ways, which is how requests are smuggled past
/// proxies.
/// Errors: RequestError.
[[nodiscard]] RequestHead parse_head(std::string_view text);

/// Reads one header: a line of the head, or behind the last chunk, without its end. Errors: RequestError.
[[nodiscard]] Header parse_header(std::string_view line);

/// Reads the line before a chunk: its size. Errors: RequestError.
[[nodiscard]] std::uint64_t parse_chunk_line(std::string_view line);

/// The path of a target, with escapes undone. Errors: RequestError, also for one that would leave its root.
[[nodiscard]] std::string parse_path(std::string_view text);

}  // namespace http_server
