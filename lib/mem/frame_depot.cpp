#include "mem/frame_depot.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "mem/frame_memory.hpp"

namespace weft::inline v0 {

constinit FrameDepot frame_depot;

namespace {

/// Enough blocks that an exchange costs each of them little, and not more than 32 KiB of them.
constexpr std::size_t magazine_capacity(std::size_t size_class) noexcept {
  constexpr std::size_t kMost = 500;  // with the struct, less than 4 KiB
  return std::min(kMost, 32 * 1024 / ((size_class + 1) * FrameCache::kStep));
}

FrameMagazine* make_magazine(std::size_t size_class) {
  const std::size_t slots = magazine_capacity(size_class);
  return ::new (take_from_allocator(sizeof(FrameMagazine) + slots * sizeof(void*))) FrameMagazine(slots);
}

void free_magazine(FrameMagazine* magazine) noexcept {
  give_to_allocator(magazine, sizeof(FrameMagazine) + magazine->capacity * sizeof(void*));
}

template <class T>
void push(T*& list, T* item) noexcept {
  item->next = std::exchange(list, item);
}

template <class T>
T* pop(T*& list) noexcept {
  return std::exchange(list, list->next);
}

}  // namespace

// ---- with a shelf's mutex held ----

void FrameDepot::need_slab(Shelf& shelf, std::size_t size_class) {
  if (shelf.slabs != nullptr) return;
  shelf.slabs = ::new (take_slab_from_allocator(FrameSlab::kBytes)) FrameSlab(size_class);
  // relaxed: a bound that need not be exact.
  unused_bytes_.fetch_add(FrameSlab::kBytes, relaxed);
}

/// Pre: there is a slab with free blocks.
void* FrameDepot::take(Shelf& shelf, std::size_t size_class) noexcept {
  FrameSlab* const slab = shelf.slabs;
  if (slab->free_blocks() == FrameSlab::capacity(size_class)) {
    // relaxed: as above.
    unused_bytes_.fetch_sub(FrameSlab::kBytes, relaxed);
  }
  void* const block = slab->take();
  if (slab->free_blocks() == 0) static_cast<void>(pop(shelf.slabs));
  ++shelf.outstanding;
  return block;
}

void FrameDepot::give(Shelf& shelf, std::size_t size_class, void* block) noexcept {
  FrameSlab* const slab = FrameSlab::of(block);
  if (slab->free_blocks() == 0) push(shelf.slabs, slab);
  slab->give(block);
  --shelf.outstanding;
  if (slab->free_blocks() != FrameSlab::capacity(size_class)) return;
  // relaxed: as above.
  if (unused_bytes_.fetch_add(FrameSlab::kBytes, relaxed) + FrameSlab::kBytes > kMayKeepBytes) collect(shelf, size_class);
}

/// Gives the blocks of a magazine, in the reverse order of their taking.
void FrameDepot::give_all(Shelf& shelf, std::size_t size_class, FrameMagazine& magazine) noexcept {
  while (magazine.count != 0) give(shelf, size_class, magazine.slots()[--magazine.count]);
}

void FrameDepot::collect(Shelf& shelf, std::size_t size_class) noexcept {
  for (FrameSlab** link = &shelf.slabs; *link != nullptr;) {
    if ((*link)->free_blocks() != FrameSlab::capacity(size_class)) {
      link = &(*link)->next;
      continue;
    }
    give_slab_to_allocator(pop(*link), FrameSlab::kBytes);
    // relaxed: as above.
    unused_bytes_.fetch_sub(FrameSlab::kBytes, relaxed);
  }
}

// ---- magazines come and go ----

FrameMagazine* FrameDepot::fill(std::size_t size_class, FrameMagazine* empty) {
  Shelf& shelf = shelves_[size_class];
  const std::lock_guard lock(shelf.mutex);
  need_slab(shelf, size_class);
  FrameMagazine* const magazine =
      empty != nullptr ? empty : shelf.magazines != nullptr ? pop(shelf.magazines) : make_magazine(size_class);
  // From the top down, so that they are taken in the order of their addresses; from one slab, so that they lie together.
  const std::size_t count = std::min(magazine->capacity, shelf.slabs->free_blocks());
  for (std::size_t i = count; i-- > 0;) magazine->slots()[i] = take(shelf, size_class);
  magazine->count = count;
  return magazine;
}

FrameMagazine* FrameDepot::empty(std::size_t size_class, FrameMagazine* full) noexcept {
  Shelf& shelf = shelves_[size_class];
  const std::lock_guard lock(shelf.mutex);
  if (full != nullptr) {
    give_all(shelf, size_class, *full);
    return full;
  }
  if (shelf.magazines != nullptr) return pop(shelf.magazines);
  try {
    return make_magazine(size_class);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void FrameDepot::put(std::size_t size_class, FrameMagazine* magazine) noexcept {
  Shelf& shelf = shelves_[size_class];
  const std::lock_guard lock(shelf.mutex);
  give_all(shelf, size_class, *magazine);
  push(shelf.magazines, magazine);
}

// ---- blocks come and go ----

void* FrameDepot::take_one(std::size_t size_class) {
  Shelf& shelf = shelves_[size_class];
  const std::lock_guard lock(shelf.mutex);
  need_slab(shelf, size_class);
  return take(shelf, size_class);
}

void FrameDepot::put_one(std::size_t size_class, void* block) noexcept {
  Shelf& shelf = shelves_[size_class];
  const std::lock_guard lock(shelf.mutex);
  give(shelf, size_class, block);
}

std::size_t FrameDepot::outstanding() const noexcept {
  std::size_t sum = 0;
  for (const Shelf& shelf : shelves_) {
    const std::lock_guard lock(shelf.mutex);
    sum += shelf.outstanding;
  }
  return sum;
}

void FrameDepot::collect() noexcept {
  for (std::size_t size_class = 0; size_class < FrameCache::kClasses; ++size_class) {
    Shelf& shelf = shelves_[size_class];
    const std::lock_guard lock(shelf.mutex);
    collect(shelf, size_class);
    while (shelf.magazines != nullptr) free_magazine(pop(shelf.magazines));
  }
}

}  // namespace weft::inline v0
