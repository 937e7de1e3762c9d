#include <weft/io/read_ahead.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include <weft/base/error.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0::detail {

namespace {

// Of all disks; a count that is no multiple of it is the end of a file.
constexpr std::size_t kSector = 512;

}  // namespace

ReadAhead::ReadAhead(const io::FileHandle& file, const io::ReaderOptions& options, StopScope* around)
    : BlockRing(file, IoCode::Read, options.block_size, options.depth, options.offset, around), left_(std::min(options.length, kLastOffset - next_offset_)) {
  const int flags = ::fcntl(file.descriptor(), F_GETFL);
  is_direct_ = flags >= 0 && (flags & O_DIRECT) != 0;
}

bool ReadAhead::begin_more() {
  throw_if_failed();
  if (is_over_) return false;
  const unsigned most = is_at_once_ ? 1 : depth_;
  while (begun_ < most && left_ > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block_size_, left_));
    const bool goes_on = begin_next(size);
    if (!is_stream_) left_ -= size;
    if (goes_on) continue;
    is_at_once_ = true;
    break;
  }
  is_over_ = begun_ == 0;
  return !is_over_;
}

bool ReadAhead::settle_first() {
  Slot& slot = slots_[first_];
  const std::int32_t result = slot.call.take();
  if (result == -ECANCELED) throw OperationCancelled();
  if (result == -EINTR) {
    begin(first_);
    return false;
  }
  if (result < 0) throw_io_error(-result, file_.subject("read"));
  slot.done += static_cast<std::size_t>(result);
  if (result == 0 || (slot.done < slot.size && has_ended_short(slot))) {
    is_over_ = true;
    return true;
  }
  if (is_stream_) {
    left_ -= slot.done;
    return true;
  }
  if (slot.done == slot.size) return true;
  begin(first_);
  return false;
}

/// Whether there can be no more, and asking would be an error.
bool ReadAhead::has_ended_short(const Slot& slot) const noexcept { return is_direct_ && slot.done % kSector != 0; }

std::span<const std::byte> ReadAhead::hand_out() noexcept {
  const std::span<const std::byte> block(memory_of(first_), slots_[first_].done);
  pop_first();
  return block;
}

}  // namespace weft::inline v0::detail
