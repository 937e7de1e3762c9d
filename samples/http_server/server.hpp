/// @file
/// The server: takes connections until it is told to stop, and then lets those go that are under way.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>

#include <weft/coro/task.hpp>
#include <weft/coro/task_group.hpp>
#include <weft/io/tcp.hpp>

#include "connection.hpp"
#include "metrics.hpp"
#include "open_connections.hpp"
#include "options.hpp"
#include "static_files.hpp"

namespace http_server {

class Server {
 public:
  /// Listens from here on. Errors: std::system_error, program::InputError.
  explicit Server(const Options& options);

  [[nodiscard]] weft::io::SocketAddress address() const { return listener_.local_address(); }

  /// Serves until `told_to_stop` has ended, and drains: connections that are idle are closed, and what is under way goes on for Limits::drain.
  ///
  /// @return  how many connections had to be broken off
  [[nodiscard]] weft::Task<std::size_t> run(weft::Task<> told_to_stop);

 private:
  weft::Task<> accept_all(weft::TaskGroup& group);
  /// @param place  none: it is one connection too many
  weft::Task<> serve(weft::io::TcpStream stream, std::optional<OpenConnections::Entry> place);
  weft::Task<> refuse(weft::io::TcpStream stream);
  weft::Task<> wait_until_gone();

  const Limits limits_;
  const StaticFiles files_;
  Metrics metrics_;
  OpenConnections connections_{metrics_};
  std::atomic<int> refused_{0};  // that have not gone yet
  weft::io::TcpListener listener_;
};

}  // namespace http_server
