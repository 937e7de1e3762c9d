#include <weft/io/block_ring.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weft::inline v0::detail {

namespace {

constexpr unsigned kDeepest = 256;  // as many as a ring takes at once

bool is_direct(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0;
}

}  // namespace

BlockRing::BlockRing(const io::FileHandle& file, IoCode code, std::size_t block_size, unsigned depth, std::uint64_t offset, StopScope* around)
    : file_(file),
      code_(code),
      block_size_(rounded_block_size(block_size)),
      depth_(std::clamp(depth, 1U, kDeepest)),
      slot_count_(depth_ + 1),
      next_offset_(std::min(offset, kLastOffset)),
      memory_(block_size_ * slot_count_),
      known_(is_direct(file.descriptor()) ? memory_.whole().memory() : nullptr),
      slots_(std::make_unique<Slot[]>(slot_count_)),
      scope_(around) {
  if (::lseek(file.descriptor(), 0, SEEK_CUR) < 0 && errno == ESPIPE) be_stream();
}

void BlockRing::be_stream() noexcept {
  is_stream_ = true;
  depth_ = 1;
}

void BlockRing::throw_if_failed() const {
  if (failure_) std::rethrow_exception(failure_);
}

bool BlockRing::begin(unsigned place) {
  Slot& slot = slots_[place];
  const std::uint64_t offset = is_stream_ ? IoRequest::kNoOffset : slot.offset + slot.done;
  const IoRequest request = transfer_request(code_, file_.descriptor(), memory_of(place) + slot.done, slot.size - slot.done, offset);
  return slot.call.begin(within(known_, request), scope_);
}

bool BlockRing::begin_next(std::size_t size) {
  Slot& slot = slots_[free_place()];
  slot.offset = next_offset_;
  slot.size = size;
  slot.done = 0;
  const bool goes_on = begin(free_place());
  ++begun_;
  next_offset_ += size;
  return goes_on;
}

void BlockRing::pop_first() noexcept {
  first_ = (first_ + 1) % slot_count_;
  --begun_;
}

BackgroundCall* BlockRing::unfinished() noexcept {
  const auto found = std::find_if(slots_.get(), slots_.get() + slot_count_, [](const Slot& slot) { return slot.call.is_begun(); });
  return found != slots_.get() + slot_count_ ? &found->call : nullptr;
}

}  // namespace weft::inline v0::detail
