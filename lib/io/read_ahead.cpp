#include <weft/io/read_ahead.hpp>

#include <fcntl.h>
#include <unistd.h>

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
    : file_(file),
      block_size_(rounded_block_size(options.block_size)),
      depth_(std::max(options.depth, 1U)),
      slot_count_(depth_ + 1),
      next_offset_(std::min(options.offset, kLastOffset)),
      left_(std::min(options.length, kLastOffset - next_offset_)),
      memory_(block_size_ * slot_count_),
      slots_(std::make_unique<Slot[]>(slot_count_)),
      scope_(around) {
  is_stream_ = ::lseek(file.descriptor(), 0, SEEK_CUR) < 0 && errno == ESPIPE;
  if (is_stream_) depth_ = 1;
  const int flags = ::fcntl(file.descriptor(), F_GETFL);
  is_direct_ = flags >= 0 && (flags & O_DIRECT) != 0;
}

bool ReadAhead::begin_more() {
  if (failure_) std::rethrow_exception(failure_);
  if (is_over_) return false;
  const unsigned most = is_at_once_ ? 1 : depth_;
  while (begun_ < most && left_ > 0) {
    Slot& slot = slots_[(first_ + begun_) % slot_count_];
    slot.offset = next_offset_;
    slot.size = std::min<std::uint64_t>(block_size_, left_);
    slot.done = 0;
    const bool goes_on = begin(slot);
    ++begun_;
    next_offset_ += slot.size;
    if (!is_stream_) left_ -= slot.size;
    if (goes_on) continue;
    is_at_once_ = true;
    break;
  }
  is_over_ = begun_ == 0;
  return !is_over_;
}

bool ReadAhead::begin(Slot& slot) {
  const std::uint64_t offset = is_stream_ ? IoRequest::kNoOffset : slot.offset + slot.done;
  const IoRequest request = transfer_request(IoCode::Read, file_.descriptor(), memory_of(slot) + slot.done, slot.size - slot.done, offset);
  return slot.call.begin(request, scope_);
}

bool ReadAhead::settle_first() {
  Slot& slot = slots_[first_];
  const std::int32_t result = slot.call.take();
  if (result == -ECANCELED) throw OperationCancelled();
  if (result == -EINTR) {
    begin(slot);
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
  begin(slot);
  return false;
}

/// Whether there can be no more, and asking would be an error.
bool ReadAhead::has_ended_short(const Slot& slot) const noexcept { return is_direct_ && slot.done % kSector != 0; }

std::span<const std::byte> ReadAhead::hand_out() noexcept {
  const Slot& slot = slots_[first_];
  first_ = (first_ + 1) % slot_count_;
  --begun_;
  return {memory_of(slot), slot.done};
}

BackgroundCall* ReadAhead::unfinished() noexcept {
  const auto found = std::find_if(slots_.get(), slots_.get() + slot_count_, [](const Slot& slot) { return slot.call.is_begun(); });
  return found != slots_.get() + slot_count_ ? &found->call : nullptr;
}

}  // namespace weft::inline v0::detail
