#include "io/perform.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>

#include "io/faults.hpp"

namespace weft::inline v0::detail {

namespace {

template <class T>
T* pointer(const void* address) noexcept {
  return static_cast<T*>(const_cast<void*>(address));
}

std::int32_t result_of(long returned) noexcept { return returned >= 0 ? static_cast<std::int32_t>(returned) : -errno; }

/// Whether the file is ready now: who calls a file that blocks may only do so then.
std::int32_t ready_events(int fd, std::uint32_t events) noexcept {
  pollfd asked{fd, static_cast<short>(events), 0};
  const int count = ::poll(&asked, 1, 0);
  if (count < 0) return -errno;
  if (count == 0) return -EAGAIN;
  if ((asked.revents & POLLNVAL) != 0) return -EBADF;
  return asked.revents;
}

/// Reads or writes as much as goes without waiting, of a file whose calls may block: that it is ready for one byte does not mean that a long write
/// does not wait for the rest of its room.
std::int32_t transfer_now(bool is_read, int fd, const iovec* parts, int count) noexcept {
  const std::int32_t result = result_of(is_read ? ::preadv2(fd, parts, count, -1, RWF_NOWAIT) : ::pwritev2(fd, parts, count, -1, RWF_NOWAIT));
  if (result != -EOPNOTSUPP) return result;
  // Terminals, and pipes of older kernels. What is ready to be written to takes this much.
  if (const std::int32_t events = ready_events(fd, is_read ? POLLIN : POLLOUT); events < 0) return events;
  if (is_read) return result_of(::readv(fd, parts, count));
  const iovec* const last = parts + count;
  const iovec* const first = std::find_if(parts, last, [](const iovec& part) { return part.iov_len > 0; });
  if (first == last) return 0;
  return result_of(::write(fd, first->iov_base, std::min<std::size_t>(first->iov_len, PIPE_BUF)));
}

/// Reads or writes what may be a pipe, a terminal or the like, whether its calls block or not.
std::int32_t transfer(const IoRequest& request) noexcept {
  const bool is_vector = request.code == IoCode::ReadV || request.code == IoCode::WriteV;
  const bool is_read = request.code == IoCode::Read || request.code == IoCode::ReadV;
  const iovec one{const_cast<void*>(request.address), request.length};
  const iovec* const parts = is_vector ? static_cast<const iovec*>(request.address) : &one;
  const int count = is_vector ? static_cast<int>(request.length) : 1;
  if (request.offset != IoRequest::kNoOffset) {
    const auto at = static_cast<off_t>(request.offset);
    return result_of(is_read ? ::preadv(request.fd, parts, count, at) : ::pwritev(request.fd, parts, count, at));
  }
  if (!is_always_ready(request.fd)) return transfer_now(is_read, request.fd, parts, count);
  return result_of(is_read ? ::readv(request.fd, parts, count) : ::writev(request.fd, parts, count));
}

/// Begins, or, once it has been waited for, sees how it has ended.
std::int32_t connect_to(const IoRequest& request) noexcept {
  const auto* const address = static_cast<const sockaddr*>(request.address);
  if (::connect(request.fd, address, request.length) == 0) return 0;
  switch (errno) {
    case EINPROGRESS:
    case EALREADY:
    case EINTR: return -EAGAIN;
    default: return -errno;
  }
}

std::int32_t accept_from(const IoRequest& request) noexcept {
  return result_of(::accept4(request.fd, pointer<sockaddr>(request.address), pointer<socklen_t>(request.address_2), static_cast<int>(request.flags)));
}

}  // namespace

bool is_always_ready(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode));
}

bool is_done_at_once(IoCode code) noexcept {
  switch (code) {
    case IoCode::Fsync:
    case IoCode::Allocate:
    case IoCode::Truncate:
    case IoCode::Open:
    case IoCode::Close:
    case IoCode::Stat:
    case IoCode::Rename:
    case IoCode::Unlink:
    case IoCode::MakeDir: return true;
    default: return false;
  }
}

std::uint32_t events_of(const IoRequest& request) noexcept {
  switch (request.code) {
    case IoCode::Read:
    case IoCode::ReadV:
    case IoCode::Receive:
    case IoCode::ReceiveMsg:
    case IoCode::Accept: return POLLIN;
    case IoCode::Write:
    case IoCode::WriteV:
    case IoCode::Send:
    case IoCode::SendMsg:
    case IoCode::Connect: return POLLOUT;
    case IoCode::Poll: return request.flags;
    default: return 0;
  }
}

namespace {

std::int32_t perform_once(const IoRequest& request) noexcept {
  const int fd = request.fd;
  const auto flags = static_cast<int>(request.flags);
  const auto mode = static_cast<mode_t>(request.mode);
  const auto* const path = static_cast<const char*>(request.address);
  switch (request.code) {
    case IoCode::Nop: return 0;
    case IoCode::Read:
    case IoCode::Write:
    case IoCode::ReadV:
    case IoCode::WriteV: return transfer(request);
    case IoCode::Fsync: return result_of(flags != 0 ? ::fdatasync(fd) : ::fsync(fd));
    case IoCode::Allocate: return result_of(::fallocate(fd, static_cast<int>(mode), static_cast<off_t>(request.offset), static_cast<off_t>(request.length_64)));
    case IoCode::Truncate: return result_of(::ftruncate(fd, static_cast<off_t>(request.offset)));
    case IoCode::Open: return result_of(::openat(fd, path, flags, mode));
    case IoCode::Close: return ::close(fd) == 0 || errno == EINTR ? 0 : -errno;  // it is closed all the same
    case IoCode::Stat: return result_of(::statx(fd, path, flags, request.mode, pointer<struct statx>(request.address_2)));
    case IoCode::Rename:
      return result_of(::renameat2(fd, path, request.fd_2, static_cast<const char*>(request.address_2), request.flags));
    case IoCode::Unlink: return result_of(::unlinkat(fd, path, flags));
    case IoCode::MakeDir: return result_of(::mkdirat(fd, path, mode));
    case IoCode::Receive: return result_of(::recv(fd, pointer<void>(request.address), request.length, flags | MSG_DONTWAIT));
    case IoCode::Send: return result_of(::send(fd, request.address, request.length, flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    case IoCode::ReceiveChosen: return -ENOBUFS;
    case IoCode::ReceiveMsg: return result_of(::recvmsg(fd, pointer<msghdr>(request.address), flags | MSG_DONTWAIT));
    case IoCode::SendMsg: return result_of(::sendmsg(fd, pointer<msghdr>(request.address), flags | MSG_DONTWAIT | MSG_NOSIGNAL));
    case IoCode::Accept: return accept_from(request);
    case IoCode::Connect: return connect_to(request);
    case IoCode::Poll: return ready_events(fd, request.flags);
    case IoCode::FutexWait: return -EOPNOTSUPP;  // there is nothing to be polled
  }
  return -EINVAL;
}

}  // namespace

std::int32_t perform(const IoRequest& request) noexcept {
  std::int32_t result = -EINTR;
  if (IoFaults* const faults = IoFaults::present(); faults != nullptr) [[unlikely]] {
    if (const auto error = faults->ended(request)) return *error;
    IoRequest changed = request;
    if (is_transfer(request.code)) changed.length = faults->shortened(request);
    while (result == -EINTR) result = perform_once(changed);
    return result;
  }
  while (result == -EINTR) result = perform_once(request);
  return result;
}

}  // namespace weft::inline v0::detail
