/// @file
/// What of a FileWriter does not depend on who compiles it: its blocks, and the writes that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/base/platform.hpp>
#include <weft/io/block_ring.hpp>

namespace weft::inline v0 {
namespace io {

/// How a FileWriter writes: `{.block_size = 1 << 20, .depth = 4}`.
struct WriterOptions {
  std::size_t block_size = 256 * 1024;  ///< of what is written at once; rounded up to a multiple of 4096
  unsigned depth = 2;                   ///< blocks that are being written while the caller fills one; 1 to 256
  std::uint64_t offset = 0;             ///< where to begin; not in a pipe or the like, nor in a file that was opened to append
  bool sync = false;                    ///< the end waits until all is on the disk
};

}  // namespace io

namespace detail {

/// Of the blocks some are being written, and the one after them is filled.
class WriteBehind : public BlockRing {
 public:
  /// Errors: std::bad_alloc. Lifetime: the file, and the scope around, outlive it.
  WEFT_API WriteBehind(const io::FileHandle& file, const io::WriterOptions& options, StopScope* around);

  /// Copies as much as the block takes, and gives how much that is. Errors: what a call has thrown before.
  [[nodiscard]] WEFT_API std::size_t fill(std::span<const std::byte> data);
  [[nodiscard]] bool is_full() const noexcept { return filled_ == block_size_; }
  [[nodiscard]] bool is_empty() const noexcept { return filled_ == 0; }

  /// Whether a write may begin; if not, the first one that goes on is to be settled first.
  [[nodiscard]] bool may_begin() const noexcept { return begun_ < depth_; }
  /// Begins to write what the block holds, and goes on to the next. Pre: may_begin(), not is_empty(). Errors: of BackgroundCall::begin.
  WEFT_API void begin();

  [[nodiscard]] bool is_idle() const noexcept { return begun_ == 0; }
  /// Looks at the result of the operation on the first block. False: not all of it was written, and the rest has been begun. Errors: of the write.
  WEFT_API bool settle_first();

 private:
  std::size_t filled_ = 0;
};

}  // namespace detail
}  // namespace weft::inline v0
