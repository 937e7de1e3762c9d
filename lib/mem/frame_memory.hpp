/// @file
/// The allocator behind the frame caches.
#pragma once

#include <cstddef>
#include <new>

#if WEFT_HAS_MIMALLOC
#include <mimalloc.h>
#endif

namespace weft::inline v0 {

/// Errors: std::bad_alloc for null.
inline void* never_null(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

/// Errors: std::bad_alloc.
inline void* take_from_allocator(std::size_t bytes) {
#if WEFT_HAS_MIMALLOC
  // mi_new ends the process when there is no memory, where mimalloc was built as C.
  return never_null(mi_malloc(bytes));
#else
  return ::operator new(bytes);
#endif
}

inline void give_to_allocator(void* block, std::size_t bytes) noexcept {
#if WEFT_HAS_MIMALLOC
  mi_free_size(block, bytes);
#else
  ::operator delete(block, bytes);
#endif
}

/// Errors: std::bad_alloc.
inline void* take_aligned_from_allocator(std::size_t bytes, std::size_t alignment) {
#if WEFT_HAS_MIMALLOC
  return never_null(mi_malloc_aligned(bytes, alignment));
#else
  return ::operator new(bytes, std::align_val_t{alignment});
#endif
}

inline void give_aligned_to_allocator(void* block, std::size_t bytes, std::size_t alignment) noexcept {
#if WEFT_HAS_MIMALLOC
  mi_free_size_aligned(block, bytes, alignment);
#else
  ::operator delete(block, bytes, std::align_val_t{alignment});
#endif
}

/// The same for any alignment. Errors: std::bad_alloc.
inline void* take_from_allocator(std::size_t bytes, std::size_t alignment) {
  return alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? take_aligned_from_allocator(bytes, alignment) : take_from_allocator(bytes);
}

inline void give_to_allocator(void* block, std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) return give_aligned_to_allocator(block, bytes, alignment);
  give_to_allocator(block, bytes);
}

}  // namespace weft::inline v0
