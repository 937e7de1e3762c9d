/// @file
/// Which connections there are, so that a server that stops can end those that are idle.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <utility>

#include <weft/io/event_fd.hpp>
#include <weft/io/tcp.hpp>

#include "metrics.hpp"

namespace http_server {

/// Threads: any.
class OpenConnections {
 public:
  /// A connection, from when it is accepted to its end.
  class Entry {
   public:
    explicit Entry(OpenConnections& all) noexcept : all_(&all) { all.add(); }
    Entry(Entry&& other) noexcept : all_(std::exchange(other.all_, nullptr)) {}
    Entry& operator=(Entry&&) = delete;
    ~Entry() {
      if (all_ != nullptr) all_->remove();
    }

   private:
    OpenConnections* all_;
  };

  explicit OpenConnections(Metrics& metrics) noexcept : metrics_(metrics) {}

  /// From here on the stream waits for a request. Where the server stops, that is one which has come already, or none. Errors: std::bad_alloc.
  void begin_idle(weft::io::TcpStream& stream);
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

  Metrics& metrics_;
  mutable std::mutex mutex_;
  // ---- guarded by mutex_ ----
  std::set<weft::io::TcpStream*> idle_;
  std::size_t count_ = 0;
  bool is_draining_ = false;
  // ----
  weft::io::EventFd gone_;
};

}  // namespace http_server
