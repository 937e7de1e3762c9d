/// @file
/// One client: its requests one after another, and their answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/coro/task.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/tcp.hpp>

#include "answer.hpp"
#include "metrics.hpp"
#include "open_connections.hpp"
#include "options.hpp"
#include "request.hpp"
#include "static_files.hpp"

namespace http_server {

/// What all connections share.
struct Site {
  const Limits& limits;
  const StaticFiles& files;
  Metrics& metrics;
  OpenConnections& connections;
};

/// Ends a connection on which everything has been written. One that is closed while something of the client's is unread is reset, and the client may
/// lose the answer: so the rest is read, for a moment.
[[nodiscard]] weft::Task<> say_goodbye(weft::io::TcpStream& stream);

/// Requests that come before the answer to the one before (pipelining) wait in the buffer of the reader, so that answers are in the right order.
class Connection {
 public:
  Connection(weft::io::TcpStream stream, const Site& site);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Until the client closes it, does something wrong or is too slow, or the server stops.
  [[nodiscard]] weft::Task<> serve();

 private:
  struct Request {
    RequestHead head;
    std::string body;
  };

  /// False: there is no further request.
  weft::Task<bool> wait_for_request();
  /// False: the connection is to be closed.
  weft::Task<bool> answer_one();
  weft::Task<Request> read_request();
  weft::Task<std::string> read_body(const RequestHead& head);
  weft::Task<> append_to(std::string& body, std::uint64_t size);
  weft::Task<std::string_view> read_body_line(std::size_t most);
  weft::Task<std::string> read_chunks();
  weft::Task<> send(const Answer& answer, bool is_head_only, bool is_last);
  weft::Task<> send_file(const OpenFile& file);

  weft::io::TcpStream stream_;
  weft::io::BufferedReader<weft::io::TcpStream> reader_;
  const Site site_;
};

}  // namespace http_server
