/// @file
/// What reading ahead and writing behind have in common: blocks, and the operations on them that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/io/background_call.hpp>
#include <weft/io/file_handle.hpp>
#include <weft/io/registered_buffer.hpp>

namespace weft::inline v0::detail {

/// Blocks in a ring: with some, from the first on, operations go on; one more is the caller's.
///
/// Threads:  one at a time, but request_stop(): any.
class BlockRing {
 public:
  BlockRing(const BlockRing&) = delete;
  BlockRing& operator=(const BlockRing&) = delete;

  /// Zero when the operation on the first block has ended.
  [[nodiscard]] Counter& first_ended() noexcept { return slots_[first_].call.ended(); }
  [[nodiscard]] const io::FileHandle& file() const noexcept { return file_; }
  /// Nothing follows a block with which an operation has failed.
  void fail(std::exception_ptr error) noexcept { failure_ = std::move(error); }
  [[nodiscard]] StopScope* around() const noexcept { return scope_.around(); }
  void request_stop() noexcept { scope_.request_stop(); }
  /// An operation that has not been taken, or null. Pre of destruction: there is none.
  [[nodiscard]] WEFT_API BackgroundCall* unfinished() noexcept;

 protected:
  struct Slot {
    BackgroundCall call;
    std::uint64_t offset = 0;
    std::size_t size = 0;  // that it is to have
    std::size_t done = 0;
  };

  /// @param code  Read or Write
  /// Errors: std::bad_alloc. Lifetime: the file, and the scope around, outlive it.
  BlockRing(const io::FileHandle& file, IoCode code, std::size_t block_size, unsigned depth, std::uint64_t offset, StopScope* around);
  ~BlockRing() = default;

  /// What comes first is what was asked for first, so only one goes on at a time.
  void be_stream() noexcept;
  void throw_if_failed() const;
  [[nodiscard]] unsigned free_place() const noexcept { return (first_ + begun_) % slot_count_; }
  [[nodiscard]] std::byte* memory_of(unsigned place) noexcept { return memory_.bytes().data() + place * block_size_; }
  /// With the rest of a block that was begun. False: it has ended at once. Errors, also of begin_next: those of BackgroundCall::begin.
  bool begin(unsigned place);
  /// With so much of the next block. The same.
  bool begin_next(std::size_t size);
  void pop_first() noexcept;

  const io::FileHandle& file_;
  const IoCode code_;
  const std::size_t block_size_;
  unsigned depth_;
  const unsigned slot_count_;
  bool is_stream_ = false;  // it has no offsets
  unsigned first_ = 0;
  unsigned begun_ = 0;  // from the first on
  std::uint64_t next_offset_;
  std::exception_ptr failure_;
  io::RegisteredBuffer memory_;
  const KnownMemory* const known_;  // null: it pays for direct I/O only
  std::unique_ptr<Slot[]> slots_;
  StopScope scope_;
};

}  // namespace weft::inline v0::detail
