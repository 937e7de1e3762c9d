#include <weft/mem/frame_cache.hpp>

#include <utility>

#include <weft/base/atomic.hpp>

#if WEFT_HAS_MIMALLOC
#include <mimalloc.h>
#endif

namespace weft::inline v0 {

namespace {

// relaxed throughout: a statistic, read when everything has stopped.
constinit Atomic<std::size_t> outstanding{0};

}  // namespace

void* frame_memory_allocate(std::size_t bytes) {
#if WEFT_HAS_MIMALLOC
  void* const block = mi_new(bytes);
#else
  void* const block = ::operator new(bytes);
#endif
  // relaxed: a statistic.
  outstanding.fetch_add(1, relaxed);
  return block;
}

void frame_memory_free(void* block, std::size_t bytes) noexcept {
  // relaxed: a statistic.
  outstanding.fetch_sub(1, relaxed);
#if WEFT_HAS_MIMALLOC
  mi_free_size(block, bytes);
#else
  ::operator delete(block, bytes);
#endif
}

std::size_t frame_memory_outstanding() noexcept {
  // relaxed: a statistic.
  return outstanding.load(relaxed);
}

namespace {

template <class Block>
void free_chain(Block* block, std::size_t bytes) noexcept {
  while (block != nullptr) {
    Block* const next = block->next;
    frame_memory_free(block, bytes);
    block = next;
  }
}

}  // namespace

void FrameCache::trim_excess() noexcept {
  for (std::size_t i = 0; i < kClasses; ++i) {
    const std::size_t bytes = (i + 1) * kStep;
    Block** end = &lists_[i].first;
    for (std::size_t kept = 0; *end != nullptr && kept < kKeepBytes; kept += bytes) end = &(*end)->next;
    free_chain(std::exchange(*end, nullptr), bytes);
  }
}

void FrameCache::trim() noexcept {
  for (std::size_t i = 0; i < kClasses; ++i) free_chain(std::exchange(lists_[i].first, nullptr), (i + 1) * kStep);
}

}  // namespace weft::inline v0
