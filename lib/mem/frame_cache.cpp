#include <weft/mem/frame_cache.hpp>

#include <algorithm>
#include <utility>

#include "mem/frame_depot.hpp"
#include "mem/frame_memory.hpp"
#include "mem/node_parts.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

namespace {

constinit Atomic<std::size_t> large_outstanding{0};

constexpr bool is_large(std::size_t bytes) noexcept { return bytes > FrameCache::kLargest || WEFT_ASAN != 0; }

}  // namespace

void* frame_memory_allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 1);
  if (!is_large(bytes)) return frame_depot.take_one(FrameCache::class_of(bytes));
  void* const block = take_from_allocator(bytes);
  // relaxed: a statistic.
  large_outstanding.fetch_add(1, relaxed);
  return block;
}

void frame_memory_free(void* block, std::size_t bytes) noexcept {
  bytes = std::max<std::size_t>(bytes, 1);
  if (!is_large(bytes)) return FrameDepot::put_one(FrameCache::class_of(bytes), block);
  // relaxed: a statistic.
  large_outstanding.fetch_sub(1, relaxed);
  give_to_allocator(block, bytes);
}

std::size_t frame_memory_outstanding() noexcept {
  // relaxed: a statistic.
  return frame_depot.outstanding() + detail::frames_outstanding_on_nodes() + large_outstanding.load(relaxed);
}

void frame_memory_collect() noexcept {
  frame_depot.collect();
  detail::collect_on_nodes();
}

/// `magazine` has as many blocks as its count says.
void FrameCache::load(Stack& stack, FrameMagazine* magazine) noexcept {
  stack.loaded = magazine;
  stack.top = magazine->slots() + magazine->count;
  stack.end = magazine->slots() + magazine->capacity;
}

/// Makes the count of what is loaded right.
void FrameCache::unload(Stack& stack) noexcept {
  if (stack.loaded != nullptr) stack.loaded->count = static_cast<std::size_t>(stack.top - stack.loaded->slots());
}

/// A block when the loaded magazine has none.
void* FrameCache::refill(std::size_t size_class) {
  Stack& stack = stacks_[size_class];
  unload(stack);
  if (stack.spare != nullptr && stack.spare->count != 0) {
    load(stack, std::exchange(stack.spare, stack.loaded));
  } else {
    load(stack, frame_depot.fill(size_class, stack.loaded, stack.next_fill));
    stack.next_fill = std::min(2 * stack.next_fill, stack.loaded->capacity);
  }
  return *--stack.top;
}

/// Keeps or gives away a block when the loaded magazine has no room.
void FrameCache::free_beyond(std::size_t size_class, void* block) noexcept {
  Stack& stack = stacks_[size_class];
  unload(stack);
  FrameMagazine* empty = stack.spare;
  if (empty == nullptr || empty->count != 0) {
    empty = frame_depot.empty(size_class, stack.spare);
    if (empty == nullptr) return FrameDepot::put_one(size_class, block);  // out of memory
  }
  stack.spare = stack.loaded;
  load(stack, empty);
  *stack.top++ = block;
}

void FrameCache::trim() noexcept {
  for (std::size_t size_class = 0; size_class < kClasses; ++size_class) {
    Stack& stack = stacks_[size_class];
    unload(stack);
    if (stack.loaded != nullptr) frame_depot.put(size_class, stack.loaded);
    if (stack.spare != nullptr) frame_depot.put(size_class, stack.spare);
    stack = Stack{};
  }
}

}  // namespace weft::inline v0
