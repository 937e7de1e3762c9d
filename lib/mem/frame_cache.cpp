#include <weft/mem/frame_cache.hpp>

#include <utility>

#include <weft/base/atomic.hpp>

#if WEFT_HAS_MIMALLOC
#include <mimalloc.h>
#endif

namespace weft::inline v0 {

namespace {

// relaxed throughout: statistics, and a hint to trim.
constinit Atomic<std::size_t> outstanding{0};
constinit Atomic<std::size_t> outstanding_bytes{0};
constinit Atomic<std::size_t> next_pressure_bytes{1 << 20};
constinit Atomic<std::uint32_t> pressure{0};

/// The next pressure comes when the program has taken a quarter more than now, and a megabyte at least.
void expect_pressure_beyond(std::size_t bytes) noexcept {
  constexpr std::size_t kMegabyte = 1 << 20;
  // relaxed: see above.
  next_pressure_bytes.store(bytes + bytes / 4 + kMegabyte, relaxed);
}

void count_in(std::size_t bytes) noexcept {
  // relaxed: see above.
  outstanding.fetch_add(1, relaxed);
  // relaxed: see above.
  const std::size_t now = outstanding_bytes.fetch_add(bytes, relaxed) + bytes;
  // relaxed: see above.
  if (now <= next_pressure_bytes.load(relaxed)) [[likely]] return;
  expect_pressure_beyond(now);
  // relaxed: see above; two threads that come here at once only make the caches trim twice.
  pressure.fetch_add(1, relaxed);
}

}  // namespace

void* frame_memory_allocate(std::size_t bytes) {
#if WEFT_HAS_MIMALLOC
  void* const block = mi_new(bytes);
#else
  void* const block = ::operator new(bytes);
#endif
  count_in(bytes);
  return block;
}

void frame_memory_free(void* block, std::size_t bytes) noexcept {
  // relaxed: statistics.
  outstanding.fetch_sub(1, relaxed);
  outstanding_bytes.fetch_sub(bytes, relaxed);
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

std::uint32_t frame_memory_pressure() noexcept {
  // relaxed: a hint.
  return pressure.load(relaxed);
}

void FrameCache::trim_excess() noexcept {
  missed_bytes_ = 0;
  for (std::size_t i = 0; i < kClasses; ++i) {
    const std::size_t bytes = (i + 1) * kStep;
    Block** end = &lists_[i].first;
    for (std::size_t kept = 0; *end != nullptr && kept < kKeepBytes; kept += bytes) end = &(*end)->next;
    free_chain(std::exchange(*end, nullptr), bytes);
  }
  // Measured from what is really in use, or the bound would creep up with every trim.
  // relaxed: see above.
  expect_pressure_beyond(outstanding_bytes.load(relaxed));
}

void FrameCache::trim() noexcept {
  for (std::size_t i = 0; i < kClasses; ++i) free_chain(std::exchange(lists_[i].first, nullptr), (i + 1) * kStep);
}

}  // namespace weft::inline v0
