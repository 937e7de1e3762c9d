#include <weft/io/when_ready.hpp>

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace weft::inline v0::detail {

ReadWhenReady::~ReadWhenReady() = default;

bool ReadWhenReady::next(IoRequest& request) noexcept {
  if (::read(fd_, bytes_.data(), size_) >= 0) return false;
  // Also when somebody else has taken it, or a signal came in between.
  if (errno == EAGAIN || errno == EINTR) {
    request = {.code = IoCode::Poll, .fd = fd_, .flags = POLLIN};
    return true;
  }
  fail(-errno);
  return false;
}

void ReadWhenReady::take(std::int32_t result) noexcept {
  if (result < 0) fail(result);
}

IoSubject ReadWhenReady::subject() const noexcept { return subject_; }

}  // namespace weft::inline v0::detail
