#include <weft/io/event_fd.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace weft::inline v0::detail {

WaitForEvents::~WaitForEvents() = default;

io::Descriptor make_event_fd(std::uint64_t value) {
  io::Descriptor made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made.is_open()) throw_io_error(errno, {"eventfd"});
  if (value > 0) add_events(made.number(), value);
  return made;
}

void add_events(int fd, std::uint64_t count) {
  if (::write(fd, &count, sizeof count) < 0) throw_io_error(errno, {"adding to an eventfd"});
}

}  // namespace weft::inline v0::detail
