#include <weft/io/stream_socket.hpp>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace weft::inline v0::detail {

namespace {

/// Holds SIGPIPE back, and takes away the one that a call on this thread has raised: sendfile has no flag that would keep it from doing so.
class NoPipeSignal {
 public:
  NoPipeSignal() noexcept {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void take_raised() const noexcept {
    constexpr timespec kNow{};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &kNow);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace

std::int64_t send_part(int socket, int file, std::uint64_t offset, std::uint64_t length) noexcept {
  static_assert(kCanRead == POLLIN && kCanWrite == POLLOUT);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  auto at = static_cast<off_t>(offset);
  const NoPipeSignal guard;
  const std::uint64_t wanted = std::min(length, kMost);
  const ssize_t sent = ::sendfile(socket, file, &at, wanted);
  const int error = errno;
  // Also where a part was sent before the peer was found to be gone.
  if (sent < 0 || static_cast<std::uint64_t>(sent) < wanted) guard.take_raised();
  if (sent >= 0) return sent;
  return error == EINTR ? -EAGAIN : -error;
}

std::int64_t read_part(int file, std::uint64_t offset, std::span<std::byte> to) noexcept {
  ssize_t size = 0;
  do size = ::pread(file, to.data(), to.size(), static_cast<off_t>(offset));
  while (size < 0 && errno == EINTR);
  return size < 0 ? -errno : size;
}

void shut_down(int socket, int how, const IoSubject& subject) {
  // ENOTCONN: the peer has reset the connection, so nothing is left to be ended. Reads and writes say that.
  if (::shutdown(socket, how) != 0 && errno != ENOTCONN) throw_io_error(errno, subject);
}

void set_linger(int socket, std::chrono::seconds span, const IoSubject& subject) {
  const linger value{1, static_cast<int>(std::clamp<std::int64_t>(span.count(), 0, INT16_MAX))};
  if (::setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, sizeof value) != 0) throw_io_error(errno, subject);
}

}  // namespace weft::inline v0::detail
