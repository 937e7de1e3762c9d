/// @file
/// Which connections there are, so that a server that stops can end those that are idle.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>

#include <weft/io/event_fd.hpp>
#include <weft/io/tcp.hpp>

namespace http_server {

/// Threads: any.
class OpenConnections {
 public:
  /// A connection, from its construction to its end.
  class Entry {
   public:
    explicit Entry(OpenConnections& all) noexcept : all_(all) { all_.add(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { all_.remove(); }

   private:
    OpenConnections& all_;
  };

  /// From here on the stream waits for a request. False: the server stops, and there will be none.
  [[nodiscard]] bool begin_idle(weft::io::TcpStream& stream);
  /// The request has begun, or nothing comes any more.
  void end_idle(weft::io::TcpStream& stream);

  /// Ends reading of all that are idle, now and later. True: there are connections, and gone() tells of the end of the last.
  [[nodiscard]] bool begin_drain();
  [[nodiscard]] bool is_draining() const;
  [[nodiscard]] std::size_t count() const;
  /// After begin_drain().
  [[nodiscard]] weft::io::EventFd& gone() noexcept { return gone_; }

 private:
  void add() noexcept;
  void remove();

  mutable std::mutex mutex_;
  // ---- guarded by mutex_ ----
  std::set<weft::io::TcpStream*> idle_;
  std::size_t count_ = 0;
  bool is_draining_ = false;
  // ----
  weft::io::EventFd gone_;
};

}  // namespace http_server
