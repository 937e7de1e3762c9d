/// @file
/// What of a FileReader does not depend on who compiles it: its blocks, and the reads that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/base/platform.hpp>
#include <weft/io/block_ring.hpp>

namespace weft::inline v0 {
namespace io {

/// How a FileReader reads: `{.block_size = 1 << 20, .depth = 4}`.
struct ReaderOptions {
  std::size_t block_size = 256 * 1024;  ///< of what next() gives; rounded up to a multiple of 4096
  unsigned depth = 2;                   ///< blocks that are read while the caller works on one; 1 to 256
  std::uint64_t offset = 0;             ///< where to begin; in a pipe or the like nothing is skipped
  std::uint64_t length = ~std::uint64_t{0};  ///< how much to read at most
};

}  // namespace io

namespace detail {

/// Of the blocks some are being read, or wait to be handed out, and one may be with the caller.
class ReadAhead : public BlockRing {
 public:
  /// Errors: std::bad_alloc. Lifetime: the file, and the scope around, outlive it.
  WEFT_API ReadAhead(const io::FileHandle& file, const io::ReaderOptions& options, StopScope* around);

  /// Takes the caller's block back and begins reads. False: the end has come.
  ///
  /// Errors: what next() has thrown before; those of BackgroundCall::begin.
  WEFT_API bool begin_more();
  /// Looks at the result of the operation on the first block. False: not all of it was read, and the rest has been begun.
  ///
  /// Errors: of the read.
  WEFT_API bool settle_first();
  /// The first block, which is the caller's now; empty: the end.
  [[nodiscard]] WEFT_API std::span<const std::byte> hand_out() noexcept;

 private:
  [[nodiscard]] bool has_ended_short(const Slot& slot) const noexcept;

  bool is_direct_ = false;
  bool is_at_once_ = false;  // reads have ended before they go on, so that reading ahead would only be reading early
  bool is_over_ = false;     // the end was seen, or nothing more is wanted
  std::uint64_t left_;
};

}  // namespace detail
}  // namespace weft::inline v0
