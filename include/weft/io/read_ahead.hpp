/// @file
/// What of a FileReader does not depend on who compiles it: its blocks, and the reads that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/io/aligned_buffer.hpp>
#include <weft/io/background_call.hpp>
#include <weft/io/file_handle.hpp>

namespace weft::inline v0 {
namespace io {

/// How a FileReader reads: `{.block_size = 1 << 20, .depth = 4}`.
struct ReaderOptions {
  std::size_t block_size = 256 * 1024;  ///< of what next() gives; rounded up to a multiple of 4096
  unsigned depth = 2;                   ///< blocks that are read while the caller works on one; at least 1
  std::uint64_t offset = 0;             ///< where to begin; in a pipe or the like nothing is skipped
  std::uint64_t length = ~std::uint64_t{0};  ///< how much to read at most
};

}  // namespace io

namespace detail {

/// Blocks in a ring: some are being read, or wait to be handed out, and one may be with the caller.
///
/// Threads:  one at a time, but request_stop(): any.
class ReadAhead {
 public:
  /// Errors: std::bad_alloc. Lifetime: the file, and the scope around, outlive it.
  WEFT_API ReadAhead(const io::FileHandle& file, const io::ReaderOptions& options, StopScope* around);

  /// Takes the caller's block back and begins reads. False: the end has come.
  ///
  /// Errors: what next() has thrown before; those of BackgroundCall::begin.
  WEFT_API bool begin_more();
  /// Zero when the operation on the first block has ended.
  [[nodiscard]] Counter& first_ended() noexcept { return slots_[first_].call.ended(); }
  /// Looks at its result. False: not all of it was read, and the rest has been begun.
  ///
  /// Errors: of the read.
  WEFT_API bool settle_first();
  /// The first block, which is the caller's now; empty: the end.
  [[nodiscard]] WEFT_API std::span<const std::byte> hand_out() noexcept;

  [[nodiscard]] const io::FileHandle& file() const noexcept { return file_; }
  /// No block follows one that could not be read.
  void fail(std::exception_ptr error) noexcept { failure_ = std::move(error); }
  [[nodiscard]] StopScope* around() const noexcept { return scope_.around(); }
  void request_stop() noexcept { scope_.request_stop(); }
  /// One that has not been taken, or null. Pre of destruction: there is none.
  [[nodiscard]] WEFT_API BackgroundCall* unfinished() noexcept;

 private:
  struct Slot {
    BackgroundCall call;
    std::uint64_t offset = 0;
    std::size_t size = 0;  // that it is to have
    std::size_t done = 0;
  };

  [[nodiscard]] bool has_ended_short(const Slot& slot) const noexcept;
  bool begin(Slot& slot);
  [[nodiscard]] std::byte* memory_of(const Slot& slot) noexcept {
    return memory_.data() + static_cast<std::size_t>(&slot - slots_.get()) * block_size_;
  }

  const io::FileHandle& file_;
  const std::size_t block_size_;
  unsigned depth_;
  const unsigned slot_count_;
  bool is_stream_ = false;   // it has no offsets: what comes first is what was asked for first
  bool is_direct_ = false;
  bool is_at_once_ = false;  // reads have ended before they go on, so that reading ahead would only be reading early
  bool is_over_ = false;     // the end was seen, or nothing more is wanted
  unsigned first_ = 0;       // to be handed out next; the caller has the one before
  unsigned begun_ = 0;       // from the first on
  std::uint64_t next_offset_;
  std::uint64_t left_;
  std::exception_ptr failure_;
  io::AlignedBuffer memory_;
  std::unique_ptr<Slot[]> slots_;
  StopScope scope_;
};

}  // namespace detail
}  // namespace weft::inline v0
