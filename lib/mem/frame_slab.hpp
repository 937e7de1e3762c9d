/// @file
/// A slab: memory that is cut into blocks of one size, and which of them are free.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#include <weft/base/assert.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/mem/frame_cache.hpp>

namespace weft::inline v0 {

class FrameDepot;

/// The head of a slab of almost 64 KiB, aligned to 64 KiB, with a bit for each free block.
///
/// Bits and not a list through the blocks: blocks are handed out in the order of their addresses, however they came back, and
/// without touching them (lib/DECISIONS.md, "frames go home").
///
/// Threads: one at a time.
class alignas(kCacheLine) FrameSlab {
 public:
  static constexpr std::size_t kAlignment = 64 * 1024;
  // Room for the allocator's own data, so that slabs stand one behind the other: otherwise each would leave a gap of its size.
  static constexpr std::size_t kBytes = kAlignment - kCacheLine;

  /// All blocks are free. They belong to that depot. Its memory may be a part of a run (SlabRuns).
  explicit FrameSlab(std::size_t size_class, FrameDepot* home = nullptr, bool is_in_run = false) noexcept : home_(home), is_in_run_(is_in_run) {
    const std::size_t steps = size_class + 1;
    for (std::size_t i = 0; i < capacity(size_class); ++i) mark(first_step() + i * steps);
    free_ = capacity(size_class);
  }

  /// The slab that a block belongs to.
  static FrameSlab* of(void* block) noexcept {
    return std::launder(reinterpret_cast<FrameSlab*>(reinterpret_cast<std::uintptr_t>(block) & ~(kAlignment - 1)));
  }

  static constexpr std::size_t capacity(std::size_t size_class) noexcept { return (kSteps - first_step()) / (size_class + 1); }

  [[nodiscard]] std::size_t free_blocks() const noexcept { return free_; }

  /// The depot that its blocks go back to. Threads: whoever has a block of it.
  [[nodiscard]] FrameDepot* home() const noexcept { return home_; }

  /// Takes the free block with the lowest address. Pre: there is one.
  [[nodiscard]] void* take() noexcept {
    WEFT_ASSERT(free_ != 0, "a frame was taken from a slab that has none");
    std::size_t word = lowest_;
    while (bits_[word] == 0) ++word;
    lowest_ = static_cast<std::uint32_t>(word);
    const auto bit = static_cast<std::size_t>(std::countr_zero(bits_[word]));
    bits_[word] &= bits_[word] - 1;
    --free_;
    return reinterpret_cast<std::byte*>(this) + (word * kWordBits + bit) * FrameCache::kStep;
  }

  void give(void* block) noexcept {
    const std::size_t step = (reinterpret_cast<std::uintptr_t>(block) & (kAlignment - 1)) / FrameCache::kStep;
    WEFT_ASSERT(!is_marked(step), "a coroutine frame was freed twice");
    mark(step);
    ++free_;
    WEFT_ASSERT_FULL(free_ == count_marked(), "a slab has lost count of its free frames");
  }

  [[nodiscard]] bool is_in_run() const noexcept { return is_in_run_; }

  // ---- in the owner's list ----
  FrameSlab* next = nullptr;
  FrameSlab* previous = nullptr;

 private:
  static constexpr std::size_t kSteps = kBytes / FrameCache::kStep;
  static constexpr std::size_t kWordBits = std::numeric_limits<std::uint64_t>::digits;
  static constexpr std::size_t kWords = (kSteps + kWordBits - 1) / kWordBits;

  static constexpr std::size_t first_step() noexcept { return (sizeof(FrameSlab) + FrameCache::kStep - 1) / FrameCache::kStep; }

  [[nodiscard]] bool is_marked(std::size_t step) const noexcept { return (bits_[step / kWordBits] >> step % kWordBits & 1) != 0; }

  [[nodiscard]] std::size_t count_marked() const noexcept {
    std::size_t count = 0;
    for (const std::uint64_t word : bits_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }

  void mark(std::size_t step) noexcept {
    const std::size_t word = step / kWordBits;
    bits_[word] |= std::uint64_t{1} << step % kWordBits;
    if (word < lowest_) lowest_ = static_cast<std::uint32_t>(word);
  }

  FrameDepot* const home_;
  std::size_t free_ = 0;
  std::uint32_t lowest_ = kWords;             // no word below has a bit
  const bool is_in_run_;
  std::array<std::uint64_t, kWords> bits_{};  // of the steps at which free blocks begin
};

/// A list of slabs that do not belong together otherwise.
class FrameSlabList {
 public:
  [[nodiscard]] FrameSlab* first() const noexcept { return first_; }

  void push(FrameSlab* slab) noexcept {
    slab->previous = nullptr;
    slab->next = first_;
    if (first_ != nullptr) first_->previous = slab;
    first_ = slab;
  }

  void remove(FrameSlab* slab) noexcept {
    (slab->previous != nullptr ? slab->previous->next : first_) = slab->next;
    if (slab->next != nullptr) slab->next->previous = slab->previous;
  }

 private:
  FrameSlab* first_ = nullptr;
};

}  // namespace weft::inline v0
