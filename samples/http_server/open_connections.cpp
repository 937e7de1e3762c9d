#include "open_connections.hpp"

#include <system_error>

namespace http_server {
namespace {

/// What has come by now is read, and then the end.
void end_reading(weft::io::TcpStream& stream) {
  try {
    stream.shutdown_read();
  } catch (const std::system_error&) {
    // The client has gone already, which its task is about to see.
  }
}

}  // namespace

void OpenConnections::add() noexcept {
  metrics_.connection_opened();
  const std::lock_guard lock(mutex_);
  ++count_;
}

void OpenConnections::remove() {
  metrics_.connection_closed();
  const std::lock_guard lock(mutex_);
  --count_;
  if (count_ == 0 && is_draining_) gone_.add();
}

void OpenConnections::begin_idle(weft::io::TcpStream& stream) {
  const std::lock_guard lock(mutex_);
  idle_.insert(&stream);
  if (is_draining_) end_reading(stream);
}

void OpenConnections::end_idle(weft::io::TcpStream& stream) {
  const std::lock_guard lock(mutex_);
  idle_.erase(&stream);
}

bool OpenConnections::begin_drain() {
  const std::lock_guard lock(mutex_);
  is_draining_ = true;
  for (weft::io::TcpStream* const stream : idle_) end_reading(*stream);
  return count_ > 0;
}

bool OpenConnections::is_draining() const {
  const std::lock_guard lock(mutex_);
  return is_draining_;
}

std::size_t OpenConnections::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace http_server
