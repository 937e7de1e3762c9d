/// @file
/// What of a FileWriter does not depend on who compiles it: its blocks, and the writes that go on.
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

/// How a FileWriter writes: `{.block_size = 1 << 20, .depth = 4}`.
struct WriterOptions {
  std::size_t block_size = 256 * 1024;  ///< of what is written at once; rounded up to a multiple of 4096
  unsigned depth = 2;                   ///< blocks that are being written while the caller fills one; at least 1
  std::uint64_t offset = 0;             ///< where to begin; not in a pipe or the like, nor in a file that was opened to append
  bool sync = false;                    ///< the end waits until all is on the disk
};

}  // namespace io

namespace detail {

/// Blocks in a ring: some are being written, and the one after them is filled.
///
/// Threads:  one at a time, but request_stop(): any.
class WriteBehind {
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
  /// Zero when the operation on the first block that is being written has ended. Pre: not is_idle().
  [[nodiscard]] Counter& first_ended() noexcept { return slots_[first_].call.ended(); }
  /// Looks at its result. False: not all of it was written, and the rest has been begun. Errors: of the write.
  WEFT_API bool settle_first();

  /// Nothing is written after what could not be.
  void fail(std::exception_ptr error) noexcept { failure_ = std::move(error); }
  [[nodiscard]] StopScope* around() const noexcept { return scope_.around(); }
  void request_stop() noexcept { scope_.request_stop(); }
  /// One that has not been taken, or null. Pre of destruction: there is none.
  [[nodiscard]] WEFT_API BackgroundCall* unfinished() noexcept;

 private:
  struct Slot {
    BackgroundCall call;
    std::uint64_t offset = 0;
    std::size_t size = 0;
    std::size_t done = 0;
  };

  void begin(Slot& slot);
  [[nodiscard]] std::byte* memory_of(unsigned slot) noexcept { return memory_.data() + slot * block_size_; }

  const io::FileHandle& file_;
  const std::size_t block_size_;
  unsigned depth_;
  const unsigned slot_count_;
  bool is_stream_ = false;  // what is written first comes first, so one is written at a time
  unsigned first_ = 0;      // that is being written
  unsigned begun_ = 0;      // from the first on; the one after them is being filled
  std::size_t filled_ = 0;
  std::uint64_t next_offset_;
  std::exception_ptr failure_;
  io::AlignedBuffer memory_;
  std::unique_ptr<Slot[]> slots_;
  StopScope scope_;
};

}  // namespace detail
}  // namespace weft::inline v0
