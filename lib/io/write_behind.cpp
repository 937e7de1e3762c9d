#include <weft/io/write_behind.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <weft/base/error.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0::detail {

WriteBehind::WriteBehind(const io::FileHandle& file, const io::WriterOptions& options, StopScope* around)
    : BlockRing(file, IoCode::Write, options.block_size, options.depth, options.offset, around) {
  const int flags = ::fcntl(file.descriptor(), F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) != 0) be_stream();
}

std::size_t WriteBehind::fill(std::span<const std::byte> data) {
  throw_if_failed();
  const std::size_t size = std::min(data.size(), block_size_ - filled_);
  if (size > 0) std::memcpy(memory_of(free_place()) + filled_, data.data(), size);
  filled_ += size;
  return size;
}

void WriteBehind::begin() {
  begin_next(filled_);
  filled_ = 0;
}

bool WriteBehind::settle_first() {
  Slot& slot = slots_[first_];
  const std::int32_t result = slot.call.take();
  if (result == -ECANCELED) throw OperationCancelled();
  if (result < 0 && result != -EINTR) throw_io_error(-result, file_.subject("write"));
  if (result == 0) throw_wrote_nothing(file_.subject("write"));
  if (result > 0) slot.done += static_cast<std::size_t>(result);
  if (slot.done < slot.size) {
    BlockRing::begin(first_);
    return false;
  }
  pop_first();
  return true;
}

}  // namespace weft::inline v0::detail
