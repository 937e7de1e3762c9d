#include <weft/mem/frame_cache.hpp>

#include <algorithm>
#include <utility>

#include "mem/frame_depot.hpp"
#include "mem/frame_memory.hpp"
#include "mem/node_parts.hpp"
#include <weft/base/atomic.hpp>
#include <weft/mem/node_memory.hpp>

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

void FrameCache::configure(NodeMemory* home) noexcept {
  const bool has_home = home != nullptr && home->has_range() && WEFT_ASAN == 0;
  depot_ = has_home ? &home->parts_.frames : nullptr;
  home_begin_ = has_home ? home->range_begin_ : 0;
  home_bytes_ = has_home ? home->range_bytes_ : 0;
}

FrameDepot& FrameCache::depot() const noexcept { return depot_ != nullptr ? *depot_ : frame_depot; }

/// `magazine` has as many blocks as its count says.
void FrameCache::load(Stack& stack, FrameMagazine* magazine) const noexcept {
  stack.loaded = magazine;
  stack.top = magazine->slots() + magazine->count;
  stack.last = magazine->slots() + magazine->capacity;
  stack.end = depot_ != nullptr ? magazine->slots() : stack.last;
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
    load(stack, depot().fill(size_class, stack.loaded, stack.next_fill));
    stack.next_fill = std::min(2 * stack.next_fill, stack.loaded->capacity);
  }
  return *--stack.top;
}

/// Where there is a home, all blocks that are freed come here: so the others need not be looked at (lib/DECISIONS.md, "frames have a home").
void FrameCache::free_beyond(std::size_t size_class, void* block) noexcept {
  if (depot_ != nullptr) {
    if (reinterpret_cast<std::uintptr_t>(block) - home_begin_ >= home_bytes_) [[unlikely]] return keep_foreign(size_class, block);
    Stack& stack = stacks_[size_class];
    if (stack.top != stack.last) [[likely]] {
      *stack.top++ = block;
      return;
    }
  }
  keep_beyond(size_class, block);
}

/// Keeps or gives away a block when the loaded magazine has no room.
WEFT_NOINLINE void FrameCache::keep_beyond(std::size_t size_class, void* block) noexcept {
  Stack& stack = stacks_[size_class];
  unload(stack);
  FrameMagazine* empty = stack.spare;
  if (empty == nullptr || empty->count != 0) {
    empty = depot().empty(size_class, stack.spare);
    if (empty == nullptr) return FrameDepot::put_one(size_class, block);  // out of memory
  }
  stack.spare = stack.loaded;
  load(stack, empty);
  *stack.top++ = block;
}

/// Keeps a block of another home until there are some that make the way worth while.
WEFT_NOINLINE void FrameCache::keep_foreign(std::size_t size_class, void* block) noexcept {
  constexpr std::size_t kBatch = 64;
  Stack& stack = stacks_[size_class];
  if (stack.foreign == nullptr) {
    stack.foreign = depot().empty(size_class, nullptr);
    if (stack.foreign == nullptr) return FrameDepot::put_one(size_class, block);  // out of memory
  }
  FrameMagazine& foreign = *stack.foreign;
  foreign.slots()[foreign.count++] = block;
  if (foreign.count == std::min(kBatch, foreign.capacity)) FrameDepot::send_home(size_class, foreign);
}

void FrameCache::send_all_home() noexcept {
  for (std::size_t size_class = 0; size_class < kClasses; ++size_class) {
    if (FrameMagazine* const foreign = stacks_[size_class].foreign) FrameDepot::send_home(size_class, *foreign);
  }
}

void FrameCache::trim() noexcept {
  for (std::size_t size_class = 0; size_class < kClasses; ++size_class) {
    Stack& stack = stacks_[size_class];
    unload(stack);
    for (FrameMagazine* const magazine : {stack.loaded, stack.spare, stack.foreign}) {
      if (magazine != nullptr) depot().put(size_class, magazine);
    }
    stack = Stack{};
  }
}

}  // namespace weft::inline v0
