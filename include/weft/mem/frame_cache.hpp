/// @file
/// Where coroutine frames and job closures come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// Takes a block from the allocator behind the caches. Errors: std::bad_alloc.
WEFT_API void* frame_memory_allocate(std::size_t bytes);
/// Gives a block back to the allocator behind the caches.
WEFT_API void frame_memory_free(void* block, std::size_t bytes) noexcept;
/// Changes each time that the bytes taken from the allocator behind have grown by a quarter (and by a megabyte at least).
WEFT_API std::uint32_t frame_memory_pressure() noexcept;
/// Blocks taken from the allocator behind and not given back: in use or kept by a cache. Zero when nothing leaked.
WEFT_API std::size_t frame_memory_outstanding() noexcept;

/// A worker's free lists of small blocks, by size class.
///
/// Coroutine frames live short and come in few sizes, and compilers do not elide them, so this cache
/// decides what a call costs: a hit is three instructions. A block may be freed into another
/// worker's cache; trim_excess() bounds the lists, so a flow of frames from one worker to another
/// ends in the allocator behind and not in growth.
///
/// AddressSanitizer builds keep nothing, so that a frame used after its end is found.
///
/// Threads: one at a time (the worker's own).
class FrameCache {
 public:
  static constexpr std::size_t kStep = 32;       ///< bytes between size classes
  static constexpr std::size_t kLargest = 2048;  ///< larger blocks go to the allocator behind
  static constexpr std::size_t kClasses = kLargest / kStep;
  static constexpr std::size_t kKeepBytes = 64 * 1024;         ///< kept per size class by trim_excess()
  static constexpr std::size_t kBurstBytes = 64 * 1024 * 1024;  ///< taken before trim_after_burst() acts

  constexpr FrameCache() noexcept = default;
  FrameCache(const FrameCache&) = delete;
  FrameCache& operator=(const FrameCache&) = delete;
  ~FrameCache() { trim(); }

  /// Takes a block of at least `bytes`, aligned like operator new. Errors: std::bad_alloc.
  WEFT_ALWAYS_INLINE void* allocate(std::size_t bytes) {
    if (bytes <= kLargest && !WEFT_ASAN) [[likely]] {
      List& list = lists_[class_of(bytes)];
      if (Block* const block = list.first) [[likely]] {
        list.first = block->next;
        return block;
      }
    }
    missed_bytes_ += rounded(bytes);
    return frame_memory_allocate(rounded(bytes));
  }

  /// Gives back a block that any cache, or none, handed out for the same `bytes`.
  WEFT_ALWAYS_INLINE void free(void* memory, std::size_t bytes) noexcept {
    if (bytes <= kLargest && !WEFT_ASAN) [[likely]] {
      List& list = lists_[class_of(bytes)];
      list.first = ::new (memory) Block{list.first};
    } else {
      frame_memory_free(memory, rounded(bytes));
    }
  }

  /// Gives what a size class keeps beyond kKeepBytes back to the allocator behind.
  ///
  /// The hot path does not count what is kept. Worker loops call this when frame_memory_pressure() has changed: then the
  /// program as a whole has taken much more from the allocator behind, so somebody may be hoarding.
  WEFT_API void trim_excess() noexcept;

  /// The same, if this cache has taken a burst of blocks since the last time; for a worker that goes to sleep.
  void trim_after_burst() noexcept {
    if (missed_bytes_ > kBurstBytes) trim_excess();
  }

  /// Gives every kept block back to the allocator behind.
  WEFT_API void trim() noexcept;

  /// What a block of `bytes` really takes.
  static constexpr std::size_t rounded(std::size_t bytes) noexcept {
    return (bytes + kStep - 1) / kStep * kStep;
  }

 private:
  struct Block {
    Block* next;
  };
  struct List {
    Block* first = nullptr;
  };

  static constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / kStep; }

  List lists_[kClasses];
  std::size_t missed_bytes_ = 0;  // taken from the allocator behind since the last trim
};

}  // namespace weft::inline v0
