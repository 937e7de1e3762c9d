/// @file
/// FrameArena: memory that lasts as long as one frame of the program, a picture or a tick, and is then all free at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>

#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/thread_slot.hpp>

namespace weft::inline v0 {

class FrameArena;

namespace detail {

struct FramePage;

/// By what spawned work that belongs to a frame can be named. It lies in the memory of that frame, and ends with it.
struct alignas(16) FrameTag {
  explicit FrameTag(const std::source_location& spawned_at) noexcept : where(spawned_at) {}

  void end() noexcept {
    // relaxed: for a message.
    has_ended.store(true, relaxed);
  }

  std::source_location where;
  FrameTag* next = nullptr;
  Atomic<bool> has_ended{false};
};

/// The memory of one worker in a frame, or of all who are none: pages, one behind the other, that are used from their first to their last byte.
///
/// Threads: one at a time: the worker's own, or whoever ends the frame.
class FrameArea {
 public:
  /// What is free in the page that is in use: [top, end), addresses. None at first.
  struct Window {
    std::uintptr_t top = 1;
    std::uintptr_t end = 0;
  };

  /// Each block begins at a multiple of it: so `top` needs to be aligned for larger alignments only, which would be two more steps from one
  /// block to the next.
  static constexpr std::size_t kGrain = 16;
  static constexpr std::size_t kLargest = 16 * 1024;  ///< larger blocks get a page of their own

  FrameArea() noexcept = default;
  FrameArea(const FrameArea&) = delete;
  FrameArea& operator=(const FrameArea&) = delete;
  WEFT_API ~FrameArea();

  /// Makes it part of `arena`, which lives as long. Its pages come from `memory`; null: the ordinary allocator.
  WEFT_API void join(FrameArena& arena, std::pmr::memory_resource* memory = nullptr);

  [[nodiscard]] FrameArena* arena() const noexcept { return arena_; }

  /// Takes a block from the page in use, if there is room. Pre: `alignment` is a power of two.
  [[nodiscard]] WEFT_ALWAYS_INLINE bool try_bump(void*& block, std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > kLargest || alignment > kLargest) [[unlikely]] return false;  // from here on nothing overflows
    const std::uintptr_t begin = alignment <= kGrain ? window_.top : (window_.top + alignment - 1) & ~(std::uintptr_t{alignment} - 1);
    const std::uintptr_t end = begin + ((bytes + kGrain - 1) & ~(kGrain - 1));
    if (end > window_.end) [[unlikely]] return false;
    window_.top = end;
    block = reinterpret_cast<void*>(begin);
    return true;
  }

  /// Counts work that belongs to the frame. The area's own thread.
  WEFT_ALWAYS_INLINE void count_started(FrameTag* tag) noexcept {
    if (tag != nullptr) {
      // relaxed: only this thread writes while the frame lasts.
      tag->next = tags_.load(relaxed);
      // [frame.tags] release: the tag is complete; pairs with living(), for a message.
      tags_.store(tag, release);
    }
    // relaxed: who ends the frame sees it because it has seen the end of this work, or of what started it: [frame.ended]. Only this thread
    // writes.
    started_.store(started_.load(relaxed) + 1, relaxed);
  }
  WEFT_ALWAYS_INLINE void count_ended() noexcept {
    // [frame.ended] release: the work happens before its memory is used anew; partner: FrameArena::next_frame. relaxed load: only this thread
    // writes.
    ended_.store(ended_.load(relaxed) + 1, release);
  }

 private:
  friend class v0::FrameArena;

  [[nodiscard]] void* try_take(std::size_t bytes, std::size_t alignment) noexcept;
  [[nodiscard]] void* take_large(std::size_t bytes, std::size_t alignment) noexcept;
  void add(FramePage* page) noexcept;
  void open(FramePage* page) noexcept;
  void rewind() noexcept;
  [[nodiscard]] FramePage* take_idle(std::uint64_t before) noexcept;
  [[nodiscard]] const FrameTag* living() const noexcept;

  // ---- what inline code uses ----
  FrameArena* arena_ = nullptr;
  Window window_;
  Atomic<std::uint64_t> started_{0};
  Atomic<std::uint64_t> ended_{0};
  Atomic<FrameTag*> tags_{nullptr};
  // ---- the rest ----
  // AddressSanitizer builds of the library take from this window, and inline code finds the other one empty: it might not have been compiled to
  // tell AddressSanitizer of what it takes.
  Window hidden_window_;
  FramePage* first_ = nullptr;    // in the order of their use
  FramePage* current_ = nullptr;  // the one in use; null: none yet in this frame
  FramePage* large_ = nullptr;    // each of one block, of this frame, in the order of their use
  FramePage** large_end_ = &large_;
  FramePage* large_kept_ = nullptr;
  FrameArea* next_area_ = nullptr;  // of the arena
  std::pmr::memory_resource* memory_ = nullptr;
};

/// The area of the worker that runs this code; null on a thread that is none.
WEFT_DECLARE_THREAD_SLOT(FrameArea, frame_area)

}  // namespace detail

/// Memory for one frame of the program: taken by moving a pointer, and never given back one by one, but all at once by next_frame().
///
/// A frame here is what a game or a simulation does again and again, one picture or one tick. Each worker has an area of its own, so that to
/// take a block costs a few instructions and no lock; what one worker has taken any thread may use. Pages are kept from frame to frame. One
/// that 64 frames in a row have not needed goes back to the allocator, within 16 more.
///
/// Threads:  allocate and what is built on it: any, at once. next_frame(): one, while nobody allocates and no work of the frame is left.
/// Lifetime: a block lasts until next_frame() is called, or the arena is destroyed, whichever is first. Nobody runs destructors: what has one that
///           does something is destroyed by its owner before that, and make() refuses it. What must live longer is copied out.
/// Errors:   std::bad_alloc. Under AddressSanitizer a use after next_frame(), after deallocate(), or beyond the end of a block is reported.
/// Cost:     some five cycles a block on a worker of the arena's runtime, a mutex elsewhere; sizes are rounded up to 16 bytes. Blocks of more than
///           16 KiB have a page of their own, of whole 4 KiB; the others share pages of 64 KiB.
/// Example:  samples/11_frame_arena.cpp
class FrameArena final : public std::pmr::memory_resource {
 public:
  /// Runtime::frame() is the one that knows the workers; in one that is made by hand every thread is one that is none.
  WEFT_API FrameArena();
  FrameArena(const FrameArena&) = delete;
  FrameArena& operator=(const FrameArena&) = delete;
  WEFT_API ~FrameArena() override;

  /// The arena of the runtime that runs this code. Errors: UsageError on a thread that is no worker.
  [[nodiscard]] WEFT_API static FrameArena& here();

  /// Takes a block. Pre: `alignment` is a power of two, any.
  [[nodiscard]] WEFT_ALWAYS_INLINE void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    detail::FrameArea* const area = detail::slot_frame_area();
    if (area != nullptr && area->arena() == this) [[likely]] {
      void* block;
      if (area->try_bump(block, bytes, alignment)) [[likely]] return block;
    }
    return allocate_slow(bytes, alignment);
  }

  /// Does nothing: the block ends with the frame. For AddressSanitizer it ends here.
  WEFT_ALWAYS_INLINE void deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/ = alignof(std::max_align_t)) noexcept {
    end_block(block, bytes);
  }

  /// Constructs a T that needs no destructor.
  template <class T, class... Args>
  [[nodiscard]] T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "a FrameArena runs no destructors: keep such a thing in a variable, or in a pmr container");
    return std::construct_at(static_cast<T*>(allocate(sizeof(T), alignof(T))), std::forward<Args>(args)...);
  }

  /// Constructs `count` of them, numbers being zero. Errors: std::bad_array_new_length, which is a std::bad_alloc.
  template <class T>
  [[nodiscard]] std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "a FrameArena runs no destructors: take a std::pmr::vector on it");
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
    T* const first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  /// Ends the frame: all its memory is free, and the next frame begins. Runtime::next_frame calls it.
  ///
  /// Pre:      nobody allocates meanwhile, and whoever has, or uses a block, has been waited for (co_await counter); work that was spawned with
  ///           `{.frame = true}` has ended. Of the latter there is a count: if some is left the process ends with a message, which says where it was
  ///           spawned if that code was compiled with internal checks (-Dasserts=on, or without NDEBUG).
  /// Cost:     a few loads and stores for each worker, however much was allocated; what is trimmed beside.
  WEFT_API void next_frame() noexcept;

  /// Memory that is in use or kept for the next frames. Threads: any.
  [[nodiscard]] std::size_t reserved_bytes() const noexcept {
    // relaxed: a statistic.
    return reserved_bytes_.load(relaxed);
  }

  // ---- for spawn ----

  /// Tells AddressSanitizer that nobody uses a block any more.
  WEFT_ALWAYS_INLINE static void end_block([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) noexcept {
#if WEFT_ASAN
    end_poisoned_block(block, bytes);
#endif
  }
  /// Counts work that has to end before the frame does. `tag`: null, or by what it is known, in this frame's memory.
  WEFT_ALWAYS_INLINE void work_started(detail::FrameTag* tag) noexcept {
    detail::FrameArea* const area = detail::slot_frame_area();
    if (area != nullptr && area->arena() == this) [[likely]] return area->count_started(tag);
    work_started_elsewhere(tag);
  }
  /// The last access of that work to the frame's memory has been.
  WEFT_ALWAYS_INLINE void work_ended() noexcept {
    detail::FrameArea* const area = detail::slot_frame_area();
    if (area != nullptr && area->arena() == this) [[likely]] return area->count_ended();
    work_ended_elsewhere();
  }

 private:
  friend class detail::FrameArea;

  WEFT_API static void end_poisoned_block(void* block, std::size_t bytes) noexcept;
  [[nodiscard]] WEFT_API void* allocate_slow(std::size_t bytes, std::size_t alignment);
  WEFT_API void work_started_elsewhere(detail::FrameTag* tag) noexcept;
  WEFT_API void work_ended_elsewhere() noexcept;
  [[nodiscard]] void* allocate_in(detail::FrameArea& area, std::size_t bytes, std::size_t alignment, std::unique_lock<std::mutex>* lock);
  void check_all_has_ended() const noexcept;
  void free_pages(detail::FramePage* pages) noexcept;

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

  // ---- written by next_frame() ----
  std::uint64_t frame_ = 0;
  // ---- written by all, rarely ----
  Atomic<std::size_t> reserved_bytes_{0};
  Atomic<std::uint64_t> ended_elsewhere_{0};
  std::mutex mutex_;
  // ---- guarded by mutex_ ----
  detail::FrameArea* areas_ = nullptr;  // of the workers
  detail::FrameArea outside_;           // of threads that are no workers of the runtime
};

}  // namespace weft::inline v0
