/// @file
/// The depot: where frame caches exchange magazines, and where the blocks that no cache keeps are.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "base/adaptive_mutex.hpp"
#include "mem/frame_slab.hpp"
#include "mem/slab_runs.hpp"
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/mem/frame_cache.hpp>

namespace weft::inline v0 {

/// Pointers to free blocks of one size class. `capacity` slots follow the struct.
///
/// Threads: those of whoever has it, a cache or the depot.
struct FrameMagazine {
  FrameMagazine* next = nullptr;  ///< in the depot
  std::size_t count = 0;          ///< of blocks; not kept up to date while it is loaded in a cache
  std::size_t capacity;
  void* below[FrameCache::kAhead] = {};  ///< where a cache looks for more blocks than there are

  explicit FrameMagazine(std::size_t slots) noexcept : capacity(slots) {}
  [[nodiscard]] void** slots() noexcept { return reinterpret_cast<void**>(this + 1); }
};
static_assert(offsetof(FrameMagazine, below) + sizeof(FrameMagazine::below) == sizeof(FrameMagazine), "nothing between nulls and slots");

class NodeRegion;

/// The slabs of all size classes with their free blocks, shared by all workers of all runtimes on one NUMA node. A slab knows the depot that
/// it belongs to, so any depot takes a block, and what is not its own goes home.
///
/// Threads: any.
class FrameDepot {
 public:
  static constexpr std::size_t kMayKeepBytes = 64 * 1024 * 1024;  ///< of slabs that are not in use, before they go back

  /// Its memory comes from the ordinary allocator, or from the region if that has a range; the region outlives it.
  constexpr FrameDepot() noexcept = default;
  explicit constexpr FrameDepot(NodeRegion& region) noexcept : region_(&region) {}
  FrameDepot(const FrameDepot&) = delete;
  FrameDepot& operator=(const FrameDepot&) = delete;

  /// Puts at least one and at most `most` blocks into an empty magazine, or into a new one for null.
  ///
  /// Errors: std::bad_alloc; the caller keeps `empty`.
  [[nodiscard]] FrameMagazine* fill(std::size_t size_class, FrameMagazine* empty, std::size_t most);

  /// Empties a magazine, whatever depots its blocks belong to, or makes a new one for null.
  ///
  /// @return  null: out of memory for a new one
  [[nodiscard]] FrameMagazine* empty(std::size_t size_class, FrameMagazine* full) noexcept;

  /// Takes a magazine of its own back, and all its blocks.
  void put(std::size_t size_class, FrameMagazine* magazine) noexcept;

  /// Takes one block. Errors: std::bad_alloc.
  [[nodiscard]] void* take_one(std::size_t size_class);

  /// Gives one block back, to the depot that it belongs to.
  static void put_one(std::size_t size_class, void* block) noexcept;

  /// Gives all blocks of a magazine back to the depots that they belong to, one after the other.
  ///
  /// Cost: a lock for each depot.
  static void send_home(std::size_t size_class, FrameMagazine& magazine) noexcept;

  /// Its blocks that are not here.
  [[nodiscard]] std::size_t outstanding() const noexcept;

  /// Of slabs of which all blocks are here.
  [[nodiscard]] std::size_t unused_bytes() const noexcept {
    // relaxed: a snapshot.
    return unused_bytes_.load(relaxed);
  }

  /// Gives the slabs of which all blocks are here back to the allocator.
  void collect() noexcept;

 private:
  // The allocator is never called with the mutex held: it may be anybody's, and call anything.
  struct alignas(kCacheLine) Shelf {
    mutable AdaptiveMutex mutex;  // two workers that pass blocks round meet here often
    // ---- guarded by the mutex ----
    FrameSlabList partial;               // some blocks are here
    FrameSlabList unused;                // all are
    FrameMagazine* magazines = nullptr;  // empty ones
    std::size_t outstanding = 0;         // blocks
  };
  using Lock = std::unique_lock<AdaptiveMutex>;

  [[nodiscard]] FrameMagazine* take_magazine(Shelf& shelf, std::size_t size_class);
  void need_block(Shelf& shelf, std::size_t size_class, Lock& lock);
  [[nodiscard]] void* take(Shelf& shelf) noexcept;
  [[nodiscard]] FrameSlab* give(Shelf& shelf, std::size_t size_class, void* block) noexcept;
  [[nodiscard]] FrameSlab* give_own(Shelf& shelf, std::size_t size_class, FrameMagazine& magazine) noexcept;
  [[nodiscard]] FrameSlab* take_unused(Shelf& shelf) noexcept;
  [[nodiscard]] FrameMagazine* make_magazine(std::size_t size_class);
  void free_magazine(FrameMagazine* magazine) noexcept;
  [[nodiscard]] FrameSlab* make_slab(std::size_t size_class);
  void free_slabs(FrameSlab* slab) noexcept;

  NodeRegion* const region_ = nullptr;
  SlabRuns runs_;
  std::array<Shelf, FrameCache::kClasses> shelves_;
  alignas(kCacheLine) Atomic<std::size_t> unused_bytes_{0};
};

/// The one on the ordinary allocator. Those of nodes are in their NodeParts.
extern constinit FrameDepot frame_depot;

}  // namespace weft::inline v0
