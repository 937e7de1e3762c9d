/// @file
/// By hand: one thread, epoll, calls that do not block.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "io/echo.hpp"

namespace io {
namespace {

void watch(int epoll, int file) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = file;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
}

/// False: the peer has closed it.
bool echo(int file) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::recv(file, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) return ::send(file, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
  return count < 0;
}

[[maybe_unused]] const bool added = add_echo("epoll", [](int listener, int connections) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  std::vector<epoll_event> events(1024);
  for (int left = connections; left != 0;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int file = events[static_cast<std::size_t>(i)].data.fd;
      if (file == listener) {
        for (int accepted; (accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) watch(epoll, accepted);
      } else if (!echo(file)) {
        ::close(file);
        --left;
      }
    }
  }
  ::close(epoll);
});

}  // namespace
}  // namespace io
