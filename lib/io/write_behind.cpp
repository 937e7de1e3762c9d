#include <weft/io/write_behind.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <weft/base/error.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0::detail {

WriteBehind::WriteBehind(const io::FileHandle& file, const io::WriterOptions& options, StopScope* around)
    : file_(file),
      block_size_(rounded_block_size(options.block_size)),
      depth_(std::max(options.depth, 1U)),
      slot_count_(depth_ + 1),
      next_offset_(std::min(options.offset, kLastOffset)),
      memory_(block_size_ * slot_count_),
      slots_(std::make_unique<Slot[]>(slot_count_)),
      scope_(around) {
  const int flags = ::fcntl(file.descriptor(), F_GETFL);
  const bool appends = flags >= 0 && (flags & O_APPEND) != 0;
  is_stream_ = appends || (::lseek(file.descriptor(), 0, SEEK_CUR) < 0 && errno == ESPIPE);
  if (is_stream_) depth_ = 1;
}

std::size_t WriteBehind::fill(std::span<const std::byte> data) {
  if (failure_) std::rethrow_exception(failure_);
  const std::size_t size = std::min(data.size(), block_size_ - filled_);
  if (size > 0) std::memcpy(memory_of((first_ + begun_) % slot_count_) + filled_, data.data(), size);
  filled_ += size;
  return size;
}

void WriteBehind::begin() {
  Slot& slot = slots_[(first_ + begun_) % slot_count_];
  slot.offset = next_offset_;
  slot.size = filled_;
  slot.done = 0;
  begin(slot);
  ++begun_;
  next_offset_ += filled_;
  filled_ = 0;
}

void WriteBehind::begin(Slot& slot) {
  const std::uint64_t offset = is_stream_ ? IoRequest::kNoOffset : slot.offset + slot.done;
  const std::byte* const from = memory_of(static_cast<unsigned>(&slot - slots_.get())) + slot.done;
  slot.call.begin(transfer_request(IoCode::Write, file_.descriptor(), from, slot.size - slot.done, offset), scope_);
}

bool WriteBehind::settle_first() {
  Slot& slot = slots_[first_];
  const std::int32_t result = slot.call.take();
  if (result == -ECANCELED) throw OperationCancelled();
  if (result < 0 && result != -EINTR) throw_io_error(-result, file_.subject("write"));
  if (result == 0) throw_wrote_nothing(file_.subject("write"));
  if (result > 0) slot.done += static_cast<std::size_t>(result);
  if (slot.done < slot.size) {
    begin(slot);
    return false;
  }
  first_ = (first_ + 1) % slot_count_;
  --begun_;
  return true;
}

BackgroundCall* WriteBehind::unfinished() noexcept {
  const auto found = std::find_if(slots_.get(), slots_.get() + slot_count_, [](const Slot& slot) { return slot.call.is_begun(); });
  return found != slots_.get() + slot_count_ ? &found->call : nullptr;
}

}  // namespace weft::inline v0::detail
