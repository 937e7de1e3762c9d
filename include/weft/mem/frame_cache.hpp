/// @file
/// Where coroutine frames and job closures come from.
#pragma once

#include <cstddef>
#include <cstdint>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// Takes a block of at least `bytes` without a cache, for a thread that is no worker. Errors: std::bad_alloc. Threads: any.
WEFT_API void* frame_memory_allocate(std::size_t bytes);
/// Gives back a block that anything here handed out for the same `bytes`. Threads: any.
WEFT_API void frame_memory_free(void* block, std::size_t bytes) noexcept;
/// Blocks in use or kept by a cache. Zero when nothing leaked and no cache is left. Threads: any.
WEFT_API std::size_t frame_memory_outstanding() noexcept;
/// Gives memory of which no block is in use, or kept by a cache, back to the allocator. What is more than 64 MiB goes by itself.
WEFT_API void frame_memory_collect() noexcept;

class FrameDepot;
struct FrameMagazine;
class NodeMemory;

/// A worker's stacks of free blocks, by size class.
///
/// Coroutine frames live short and come in few sizes, and compilers do not elide them, so this cache
/// decides what a call costs: a hit is three instructions, and does not touch the block. A miss exchanges
/// a magazine, an array of some hundred pointers to blocks, at a depot that all caches share. A block may
/// be freed into another worker's cache than it came from; what flows from one worker to another flows
/// back through the depot, and no cache keeps more than two magazines of a size class.
///
/// The cache of a worker that has a home, which is the memory of a NUMA node, hands out blocks of that node only. Blocks of others that are freed
/// here wait in a magazine of their own, and go home 64 at a time.
///
/// AddressSanitizer builds keep nothing, so that a frame used after its end is found.
///
/// Threads: one at a time (the worker's own).
/// Source:  J. Bonwick, J. Adams, "Magazines and Vmem", USENIX 2001.
class FrameCache {
 public:
  static constexpr std::size_t kStep = 32;       ///< bytes between size classes
  static constexpr std::size_t kLargest = 2048;  ///< larger blocks go to the allocator behind
  static constexpr std::size_t kClasses = kLargest / kStep;

  constexpr FrameCache() noexcept = default;
  FrameCache(const FrameCache&) = delete;
  FrameCache& operator=(const FrameCache&) = delete;
  ~FrameCache() { trim(); }

  /// Gives it a home, if that has a range of addresses; null, or one that has none: blocks come from the ordinary allocator, as they do without
  /// this call. Pre: it keeps nothing, because it is new or was trimmed.
  WEFT_API void configure(NodeMemory* home) noexcept;

  /// Takes a block of at least `bytes`, aligned like operator new. Errors: std::bad_alloc.
  WEFT_ALWAYS_INLINE void* allocate(std::size_t bytes) {
    if (bytes <= kLargest && !WEFT_ASAN) [[likely]] {
      Stack& stack = stacks_[class_of(bytes)];
      if (void* const block = stack.top[-1]) [[likely]] {
        --stack.top;
        return block;
      }
      return refill(class_of(bytes));
    }
    return frame_memory_allocate(bytes);
  }

  /// Gives back a block that any cache, or none, handed out for the same `bytes`.
  ///
  /// Cost: without a home three instructions; with one a call and about ten, and a share of the way home if the block is of another.
  WEFT_ALWAYS_INLINE void free(void* block, std::size_t bytes) noexcept {
    if (bytes <= kLargest && !WEFT_ASAN) [[likely]] {
      Stack& stack = stacks_[class_of(bytes)];
      if (stack.top < stack.end) [[likely]] {  // with a home: never
        *stack.top++ = block;
      } else {
        free_beyond(class_of(bytes), block);
      }
    } else {
      frame_memory_free(block, bytes);
    }
  }

  /// Makes the processor fetch a block that will be taken soon, after kAhead others; for those who take many and give none back.
  WEFT_ALWAYS_INLINE void prefetch(std::size_t bytes) noexcept {
    if (bytes <= kLargest) WEFT_PREFETCH_WRITE(stacks_[class_of(bytes)].top[-kAhead]);
  }

  /// Sends blocks of other homes there which still wait for more. For a worker that has nothing to do.
  void send_foreign_home() noexcept {
    if (depot_ != nullptr) send_all_home();
  }

  /// Gives every kept block back.
  WEFT_API void trim() noexcept;

  static constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / kStep; }

 private:
  friend struct FrameMagazine;

  static constexpr std::ptrdiff_t kAhead = 8;

  /// Below every stack are kAhead nulls; this is one that is full and has no blocks.
  static inline constinit void* no_slots[kAhead] = {};

  struct Stack {
    void** top = no_slots + kAhead;  // in `loaded`: one past the last block
    void** end = no_slots + kAhead;  // up to here blocks are kept without a further look; with a home not beyond the first slot
    void** last = no_slots + kAhead;  // one past its slots
    FrameMagazine* loaded = nullptr;
    FrameMagazine* spare = nullptr;    // null, empty or full
    FrameMagazine* foreign = nullptr;  // null, or blocks of other homes
    std::size_t next_fill = 8;         // blocks; short-lived caches take few
  };

  WEFT_API void* refill(std::size_t size_class);
  WEFT_API void free_beyond(std::size_t size_class, void* block) noexcept;
  void keep_beyond(std::size_t size_class, void* block) noexcept;
  void keep_foreign(std::size_t size_class, void* block) noexcept;
  WEFT_API void send_all_home() noexcept;
  [[nodiscard]] FrameDepot& depot() const noexcept;
  void load(Stack& stack, FrameMagazine* magazine) const noexcept;
  static void unload(Stack& stack) noexcept;

  Stack stacks_[kClasses];
  // ---- its home ----
  FrameDepot* depot_ = nullptr;  // null: none
  std::uintptr_t home_begin_ = 0;
  std::size_t home_bytes_ = 0;
};

}  // namespace weft::inline v0
