#include "mem/frame_depot.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "mem/frame_memory.hpp"
#include "mem/node_region.hpp"

namespace weft::inline v0 {

constinit FrameDepot frame_depot;

namespace {

/// Enough blocks that an exchange costs each of them little, and not more than 32 KiB of them.
constexpr std::size_t magazine_capacity(std::size_t size_class) noexcept {
  constexpr std::size_t kMost = 500;  // with the struct, less than 4 KiB
  return std::min(kMost, 32 * 1024 / ((size_class + 1) * FrameCache::kStep));
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

// ---- memory for slabs and magazines ----

FrameMagazine* FrameDepot::make_magazine(std::size_t size_class) {
  const std::size_t slots = magazine_capacity(size_class);
  const std::size_t bytes = sizeof(FrameMagazine) + slots * sizeof(void*);
  void* memory = region_ != nullptr ? region_->take(bytes) : nullptr;
  if (memory == nullptr) memory = take_from_allocator(bytes);
  return ::new (memory) FrameMagazine(slots);
}

void FrameDepot::free_magazine(FrameMagazine* magazine) noexcept {
  const std::size_t bytes = sizeof(FrameMagazine) + magazine->capacity * sizeof(void*);
  if (region_ != nullptr && region_->contains(magazine)) return region_->give(magazine, bytes);
  give_to_allocator(magazine, bytes);
}

/// Errors: std::bad_alloc.
FrameSlab* FrameDepot::make_slab(std::size_t size_class) {
  void* const on_node = region_ != nullptr ? region_->take(FrameSlab::kBytes) : nullptr;  // aligned to its size
  if (on_node != nullptr) return ::new (on_node) FrameSlab(size_class, this);
  const auto [memory, is_in_run] = runs_.take();
  return ::new (memory) FrameSlab(size_class, this, is_in_run);
}

/// Gives slabs that are linked to one another back.
void FrameDepot::free_slabs(FrameSlab* slab) noexcept {
  while (slab != nullptr) {
    FrameSlab* const gone = std::exchange(slab, slab->next);
    if (region_ != nullptr && region_->contains(gone)) {
      region_->give(gone, FrameSlab::kBytes);
    } else {
      runs_.give({gone, gone->is_in_run()});
    }
  }
}

// ---- with a shelf's mutex held ----

/// Sees to it that there is a block. Errors: std::bad_alloc. Gives the mutex up meanwhile.
void FrameDepot::need_block(Shelf& shelf, std::size_t size_class, Lock& lock) {
  while (shelf.partial.first() == nullptr && shelf.unused.first() == nullptr) {
    lock.unlock();
    FrameSlab* const slab = make_slab(size_class);
    lock.lock();
    shelf.unused.push(slab);
    // relaxed: a bound that need not be exact.
    unused_bytes_.fetch_add(FrameSlab::kBytes, relaxed);
  }
}

/// Pre: there is a block.
void* FrameDepot::take(Shelf& shelf) noexcept {
  if (shelf.partial.first() == nullptr) shelf.partial.push(take_unused(shelf));
  FrameSlab* const slab = shelf.partial.first();
  void* const block = slab->take();
  if (slab->free_blocks() == 0) shelf.partial.remove(slab);
  ++shelf.outstanding;
  return block;
}

/// Takes a slab off the list of those of which all blocks are here, or null.
FrameSlab* FrameDepot::take_unused(Shelf& shelf) noexcept {
  FrameSlab* const slab = shelf.unused.first();
  if (slab == nullptr) return nullptr;
  shelf.unused.remove(slab);
  // relaxed: as above.
  unused_bytes_.fetch_sub(FrameSlab::kBytes, relaxed);
  return slab;
}

/// @return  a slab to be given back to the allocator, or null
FrameSlab* FrameDepot::give(Shelf& shelf, std::size_t size_class, void* block) noexcept {
  FrameSlab* const slab = FrameSlab::of(block);
  if (slab->free_blocks() == 0) shelf.partial.push(slab);
  slab->give(block);
  --shelf.outstanding;
  if (slab->free_blocks() != FrameSlab::capacity(size_class)) return nullptr;
  shelf.partial.remove(slab);
  shelf.unused.push(slab);
  // relaxed: as above.
  const bool are_many = unused_bytes_.fetch_add(FrameSlab::kBytes, relaxed) + FrameSlab::kBytes > kMayKeepBytes;
  return are_many ? take_unused(shelf) : nullptr;
}

/// Gives the blocks of a magazine that are its own, in the reverse order of their taking. Returns slabs for free_slabs().
FrameSlab* FrameDepot::give_own(Shelf& shelf, std::size_t size_class, FrameMagazine& magazine) noexcept {
  FrameSlab* slabs = nullptr;
  void** const slots = magazine.slots();
  std::size_t foreign = magazine.count;  // those of others are from here on
  for (std::size_t i = magazine.count; i-- != 0;) {
    void* const block = slots[i];
    if (FrameSlab::of(block)->home() != this) {
      slots[--foreign] = block;
    } else if (FrameSlab* const slab = give(shelf, size_class, block)) {
      slab->next = std::exchange(slabs, slab);
    }
  }
  std::copy(slots + foreign, slots + magazine.count, slots);
  magazine.count -= foreign;
  return slabs;
}

// ---- magazines come and go ----

/// An empty one. Errors: std::bad_alloc.
FrameMagazine* FrameDepot::take_magazine(Shelf& shelf, std::size_t size_class) {
  {
    const Lock lock(shelf.mutex);
    if (shelf.magazines != nullptr) return pop(shelf.magazines);
  }
  return make_magazine(size_class);
}

FrameMagazine* FrameDepot::fill(std::size_t size_class, FrameMagazine* empty, std::size_t most) {
  Shelf& shelf = shelves_[size_class];
  FrameMagazine* const magazine = empty != nullptr ? empty : take_magazine(shelf, size_class);
  Lock lock(shelf.mutex);
  try {
    need_block(shelf, size_class, lock);
  } catch (const std::bad_alloc&) {
    if (empty == nullptr) free_magazine(magazine);
    throw;
  }
  // From the top down, so that they are taken in the order of their addresses, and then moved to the bottom.
  void** const slots = magazine->slots();
  void** const end = slots + std::min(most, magazine->capacity);
  void** at = end;
  do {
    *--at = take(shelf);
  } while (at != slots && (shelf.partial.first() != nullptr || shelf.unused.first() != nullptr));
  magazine->count = static_cast<std::size_t>(end - at);
  lock.unlock();
  if (at != slots) std::copy(at, end, slots);
  return magazine;
}

FrameMagazine* FrameDepot::empty(std::size_t size_class, FrameMagazine* full) noexcept {
  if (full == nullptr) {
    try {
      return take_magazine(shelves_[size_class], size_class);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  send_home(size_class, *full);
  return full;
}

void FrameDepot::send_home(std::size_t size_class, FrameMagazine& magazine) noexcept {
  while (magazine.count != 0) {
    FrameDepot& home = *FrameSlab::of(magazine.slots()[magazine.count - 1])->home();
    Shelf& shelf = home.shelves_[size_class];
    Lock lock(shelf.mutex);
    FrameSlab* const slabs = home.give_own(shelf, size_class, magazine);
    lock.unlock();
    home.free_slabs(slabs);
  }
}

void FrameDepot::put(std::size_t size_class, FrameMagazine* magazine) noexcept {
  send_home(size_class, *magazine);
  Shelf& shelf = shelves_[size_class];
  const Lock lock(shelf.mutex);
  push(shelf.magazines, magazine);
}

// ---- blocks come and go ----

void* FrameDepot::take_one(std::size_t size_class) {
  Shelf& shelf = shelves_[size_class];
  Lock lock(shelf.mutex);
  need_block(shelf, size_class, lock);
  return take(shelf);
}

void FrameDepot::put_one(std::size_t size_class, void* block) noexcept {
  FrameDepot& home = *FrameSlab::of(block)->home();
  Shelf& shelf = home.shelves_[size_class];
  Lock lock(shelf.mutex);
  FrameSlab* const slab = home.give(shelf, size_class, block);
  if (slab != nullptr) slab->next = nullptr;
  lock.unlock();
  home.free_slabs(slab);
}

std::size_t FrameDepot::outstanding() const noexcept {
  std::size_t sum = 0;
  for (const Shelf& shelf : shelves_) {
    const Lock lock(shelf.mutex);
    sum += shelf.outstanding;
  }
  return sum;
}

void FrameDepot::collect() noexcept {
  for (Shelf& shelf : shelves_) {
    FrameSlab* slabs = nullptr;
    FrameMagazine* magazines = nullptr;
    {
      const Lock lock(shelf.mutex);
      while (FrameSlab* const slab = take_unused(shelf)) slab->next = std::exchange(slabs, slab);
      magazines = std::exchange(shelf.magazines, nullptr);
    }
    free_slabs(slabs);
    while (magazines != nullptr) free_magazine(pop(magazines));
  }
}

}  // namespace weft::inline v0
