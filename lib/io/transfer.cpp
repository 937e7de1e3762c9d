#include <weft/io/transfer.hpp>

#include <algorithm>

namespace weft::inline v0::detail {

TransferAll::~TransferAll() = default;

bool TransferAll::next(IoRequest& request) noexcept {
  if (size_ == 0) return false;
  request = transfer_request(code_, fd_, rest_, size_);
  return true;
}

void TransferAll::take(std::int32_t result) noexcept {
  if (result < 0) return fail(result);
  const bool is_read = code_ == IoCode::Receive || code_ == IoCode::Read;
  if (result == 0 && is_read) return fail(io::Errc::UnexpectedEnd);
  rest_ += result;
  size_ -= static_cast<std::size_t>(result);
}

IoSubject TransferAll::subject() const noexcept { return subject_; }

TransferOnce::~TransferOnce() = default;

bool TransferOnce::next(IoRequest& request) noexcept {
  if (is_done_) return false;
  request = transfer_request(code_, fd_, bytes_, size_);
  return true;
}

void TransferOnce::take(std::int32_t result) noexcept {
  if (result < 0) return fail(result);
  is_done_ = true;
  done_ = static_cast<std::size_t>(result);
}

IoSubject TransferOnce::subject() const noexcept { return subject_; }

GatherAll::~GatherAll() = default;

bool GatherAll::next(IoRequest& request) noexcept {
  std::size_t count = 0;
  std::size_t room = kMostAtOnce;
  for (std::size_t i = 0; i < parts_.size() && count < kWindow && room > 0; ++i) {
    const auto part = parts_[i].subspan(count == 0 ? written_ : 0);
    if (part.empty()) {
      // Those that are empty at the beginning are done with; others are left out of the window.
      if (count != 0) continue;
      parts_ = parts_.subspan(i + 1);
      written_ = 0;
      return next(request);
    }
    const std::size_t size = std::min(part.size(), room);
    window_[count] = {const_cast<std::byte*>(part.data()), size};
    room -= size;
    ++count;
    if (size < part.size()) break;
  }
  if (count == 0) return false;
  if (is_one_by_one_) {
    request = transfer_request(IoCode::Send, fd_, window_[0].iov_base, window_[0].iov_len);
    return true;
  }
  request = {.code = code_, .fd = fd_, .length = static_cast<std::uint32_t>(count), .address = window_.data()};
  if (code_ != IoCode::SendMsg) return true;
  message_ = {};
  message_.msg_iov = window_.data();
  message_.msg_iovlen = count;
  request.address = &message_;
  request.length = 1;
  request.flags = MSG_NOSIGNAL;
  return true;
}

void GatherAll::take(std::int32_t result) noexcept {
  if (result < 0) return fail(result);
  auto left = static_cast<std::size_t>(result);
  while (!parts_.empty() && left >= parts_.front().size() - written_) {
    left -= parts_.front().size() - written_;
    parts_ = parts_.subspan(1);
    written_ = 0;
  }
  written_ += left;
}

/// A peer that has shut its side down keeps the kernel from waiting for room. To send from one buffer it has a thread of its own wait then, in spite of
/// O_NONBLOCK, which it heeds for sendmsg alone.
void GatherAll::take_refusal() noexcept { is_one_by_one_ = code_ == IoCode::SendMsg; }

IoSubject GatherAll::subject() const noexcept { return subject_; }

}  // namespace weft::inline v0::detail
