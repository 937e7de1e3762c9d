/// @file
/// A page of a frame arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>

#include "mem/frame_memory.hpp"
#include <weft/base/platform.hpp>

#if WEFT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace weft::inline v0::detail {

/// The head of a page; what can be handed out follows it.
struct alignas(64) FramePage {
  // Room for the allocator's own data, so that pages stand one behind the other.
  static constexpr std::size_t kShared = 64 * 1024 - 128;  ///< bytes of a page of many blocks
  static constexpr std::size_t kUnit = 4096;               ///< a page of one block has a multiple of it, so never kShared

  FramePage* next = nullptr;
  std::size_t bytes;          ///< with this head
  std::uint64_t last_frame;           ///< in which it was in use
  std::pmr::memory_resource* memory;  ///< it comes from there; null: from the ordinary allocator

  FramePage(std::size_t of, std::uint64_t frame, std::pmr::memory_resource* from) noexcept : bytes(of), last_frame(frame), memory(from) {}

  /// The bytes of a page for one such block. Pre: both are less than 2^62.
  static std::size_t bytes_for(std::size_t block_bytes, std::size_t alignment) noexcept {
    const std::size_t bytes = sizeof(FramePage) + block_bytes + (alignment > alignof(FramePage) ? alignment : 0);
    return (bytes + kUnit - 1) / kUnit * kUnit;
  }

  [[nodiscard]] bool is_shared() const noexcept { return bytes == kShared; }
  [[nodiscard]] std::uintptr_t begin() const noexcept { return reinterpret_cast<std::uintptr_t>(this + 1); }
  [[nodiscard]] std::uintptr_t end() const noexcept { return reinterpret_cast<std::uintptr_t>(this) + bytes; }

  /// Nothing in it may be used, until it is taken.
  void close() const noexcept {
#if WEFT_ASAN
    __asan_poison_memory_region(this + 1, bytes - sizeof(FramePage));
#endif
  }
  static void take([[maybe_unused]] std::uintptr_t begin, [[maybe_unused]] std::size_t bytes) noexcept {
#if WEFT_ASAN
    __asan_unpoison_memory_region(reinterpret_cast<void*>(begin), bytes);
#endif
  }

  /// Errors: std::bad_alloc.
  static FramePage* make(std::size_t bytes, std::uint64_t frame, std::pmr::memory_resource* memory) {
    void* const place =
        memory != nullptr ? memory->allocate(bytes, alignof(FramePage)) : take_aligned_from_allocator(bytes, alignof(FramePage));
    auto* const page = ::new (place) FramePage(bytes, frame, memory);
    page->close();
    return page;
  }
  static void free(FramePage* page) noexcept {
    take(page->begin(), page->bytes - sizeof(FramePage));
    if (page->memory != nullptr) return page->memory->deallocate(page, page->bytes, alignof(FramePage));
    give_aligned_to_allocator(page, page->bytes, alignof(FramePage));
  }
};

}  // namespace weft::inline v0::detail
